/** Runs one job at a time: regularly, and soon after each kick. A kick during a run means one more run. */
export class Ticker {
  readonly #everyMs: number;
  readonly #job: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isKicked = false;
  #isStopped = true;

  constructor(everyMs: number, job: () => Promise<void>) {
    this.#everyMs = everyMs;
    this.#job = job;
  }

  start(): void {
    this.#isStopped = false;
    this.kick();
  }

  kick(): void {
    if (this.#isStopped) return;
    this.#isKicked = true;
    this.#running ??= this.#run();
  }

  /** Resolves when no job runs; none starts any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#isKicked && !this.#isStopped) {
      this.#isKicked = false;
      await this.#job();
    }
    this.#running = undefined;
    if (!this.#isStopped) this.#timer = setTimeout(() => this.kick(), this.#everyMs);
  }
}
