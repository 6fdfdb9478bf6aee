/**
 * Runs work that the first Ctrl-C asks to end, by aborting the controller that it is given; whatever else wants to end
 * it may abort that too. A second Ctrl-C ends the process at once.
 */
export async function interruptible<T>(work: (interrupt: AbortController) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onSignal = (): void => {
    interrupt.abort();
  };
  process.once("SIGINT", onSignal);
  try {
    return await work(interrupt);
  } finally {
    process.removeListener("SIGINT", onSignal);
  }
}
