import { CodedError, codeOf } from "./coded-error.ts";
import type { RunningService } from "./start-service.ts";

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * The whole of a `main.ts`: starts, waits for SIGTERM or SIGINT, drains, exits 0; one that comes during the start drains
 * what has been started, and a second one ends the process at once. A start that fails, or a fatal error
 * later, prints one line `name: CODE: sentence` on standard error and exits 1.
 */
export async function runMain(name: string, start: () => Promise<RunningService>): Promise<void> {
  // Before the start: a service is ready before all of it has been started, and may be told to stop from then on.
  const asked = Promise.race(signals.map((signal) => new Promise((resolve) => process.once(signal, resolve))));
  let service: RunningService;
  try {
    service = await start();
  } catch (error) {
    fail(name, error);
    return;
  }
  if (process.stderr.isTTY) process.stderr.write(`${whereItListens(service)}\n`);
  let isStopping = false;
  const stop = (fatal?: { readonly error: unknown }): void => {
    if (isStopping) return;
    isStopping = true;
    service.close().then(
      () => (fatal === undefined ? process.exit(0) : fail(name, fatal.error)),
      (error: unknown) => fail(name, fatal?.error ?? error),
    );
  };
  void asked.then(() => stop());
  service.onFatal((error) => stop({ error }));
}

/** For whoever sits before the terminal; a log's reader finds the address in the line "the service is ready". */
function whereItListens({ name, address, metricsAddress }: RunningService): string {
  const metrics = metricsAddress === null ? "" : `, its metrics at ${metricsAddress}`;
  return `${name} is ready${address === null ? "" : ` at ${address}`}${metrics}. Ctrl-C finishes what was accepted and stops it.`;
}

function fail(name: string, error: unknown): void {
  process.stderr.write(`${oneLine(name, error)}\n`, () => process.exit(1));
}

/** `name: CODE: our sentence`, with the code of the cause; of an unknown error nothing but its code. */
export function oneLine(name: string, error: unknown): string {
  const code = codeOf(error);
  if (!(error instanceof CodedError)) return `${name}: ${code}: stopped by an unexpected error`;
  const { cause } = error;
  if (cause instanceof CodedError) return `${name}: ${code}: ${error.message} (${cause.code}: ${cause.message})`;
  return `${name}: ${code}: ${error.message}${cause === undefined ? "" : ` (${codeOf(cause)})`}`;
}
