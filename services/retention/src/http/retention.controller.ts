import { Body, Controller, Get, HttpCode, Inject, Post, UseGuards } from "@nestjs/common";
import { ProblemError } from "@cloister/service";
import { z } from "zod";
import { Erasure, type ErasureReceipt } from "../erasure.ts";
import { RetentionError, retentionProblems } from "../errors.ts";
import type { PurgeJob } from "../purge/job.ts";
import { PurgeRuns } from "../purge-runs.ts";
import { RetentionStatusReader, type RetentionStatus } from "../retention-status.ts";
import { TokenGuard } from "./token.guard.ts";

const id = z.string().regex(/^[0-9a-f]{32}$/);
const erasedConversation = z.strictObject({ tenantIdHex: id, conversationIdHex: id });

@Controller("v1/retention")
@UseGuards(TokenGuard)
export class RetentionController {
  readonly #runs: PurgeRuns;
  readonly #status: RetentionStatusReader;
  readonly #erasure: Erasure;

  constructor(
    @Inject(PurgeRuns) runs: PurgeRuns,
    @Inject(RetentionStatusReader) status: RetentionStatusReader,
    @Inject(Erasure) erasure: Erasure,
  ) {
    this.#runs = runs;
    this.#status = status;
    this.#erasure = erasure;
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

  /** Ends a conversation, or a knowledge base, before its time. */
  @Post("erase")
  @HttpCode(200)
  async erase(@Body() body: unknown): Promise<ErasureReceipt> {
    const asked = erasedConversation.safeParse(body);
    if (!asked.success) {
      const { httpStatus, title } = retentionProblems.MALFORMED;
      const sentence = "An erasure names tenantIdHex and conversationIdHex, 32 hex digits each, and nothing else.";
      throw new ProblemError("MALFORMED", httpStatus, sentence, {}, title);
    }
    try {
      return await this.#erasure.erase(asked.data);
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
