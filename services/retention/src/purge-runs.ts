import { codeOf, type Log } from "@cloister/service";
import type { PurgeJob } from "./purge/job.ts";
import type { RetentionPipeline } from "./retention.pipeline.ts";

/** One purge at a time in this process, by the timer or when asked. The timer only wakes: what is due, the clock says. */
export class PurgeRuns {
  readonly #pipeline: RetentionPipeline;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout | undefined;
  #current: Promise<PurgeJob[]> | undefined;

  constructor(pipeline: RetentionPipeline, log: Log, intervalMs: number) {
    this.#pipeline = pipeline;
    this.#log = log;
    this.#timer = intervalMs > 0 ? setInterval(() => void this.#wake(), intervalMs).unref() : undefined;
  }

  /** Joins the purge in work, or begins one. @throws RetentionError as `RetentionPipeline.run` */
  now(): Promise<PurgeJob[]> {
    this.#current ??= this.#pipeline.run().finally(() => (this.#current = undefined));
    return this.#current;
  }

  /** Waits for the purge in work; its saved state lets the next start go on. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#current?.catch(() => undefined);
  }

  async #wake(): Promise<void> {
    try {
      const purges = await this.now();
      for (const { keys } of purges) this.#log.info("a purge is receipted", { count: keys.length });
    } catch (error) {
      this.#log.warn("a purge did not finish and will be resumed", { code: codeOf(error), error });
    }
  }
}
