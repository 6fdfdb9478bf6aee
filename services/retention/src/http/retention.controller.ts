import { Controller, Get, HttpCode, Inject, Post, UseGuards } from "@nestjs/common";
import { ProblemError } from "@cloister/service";
import { RetentionError, retentionProblems } from "../errors.ts";
import type { PurgeJob } from "../purge/job.ts";
import { PurgeRuns } from "../purge-runs.ts";
import { RetentionStatusReader, type RetentionStatus } from "../retention-status.ts";
import { TokenGuard } from "./token.guard.ts";

@Controller("v1/retention")
@UseGuards(TokenGuard)
export class RetentionController {
  readonly #runs: PurgeRuns;
  readonly #status: RetentionStatusReader;

  constructor(@Inject(PurgeRuns) runs: PurgeRuns, @Inject(RetentionStatusReader) status: RetentionStatusReader) {
    this.#runs = runs;
    this.#status = status;
  }

  @Get("status")
  read(): Promise<RetentionStatus> {
    return this.#status.read();
  }

  /** Ends what is due now and answers when it is done. */
  @Post("run")
  @HttpCode(200)
  async run(): Promise<{ purges: PurgeJob[] }> {
    try {
      return { purges: await this.#runs.now() };
    } catch (error) {
      throw problemOf(error);
    }
  }
}

function problemOf(error: unknown): unknown {
  if (!(error instanceof RetentionError) || error.code === "KEYS_UNAVAILABLE") return error;
  const { httpStatus, title } = retentionProblems[error.code];
  return new ProblemError(error.code, httpStatus, error.message, {}, title);
}
