import { Module, type DynamicModule } from "@nestjs/common";
import { TokenDigest } from "@cloister/service";
import { Erasure } from "./erasure.ts";
import { RetentionController } from "./http/retention.controller.ts";
import { TokenGuard } from "./http/token.guard.ts";
import { PurgeRuns } from "./purge-runs.ts";
import { RetentionStatusReader } from "./retention-status.ts";

export interface RetentionParts {
  readonly runs: PurgeRuns;
  readonly status: RetentionStatusReader;
  readonly erasure: Erasure;
  /** Of the access token. */
  readonly tokenDigest: TokenDigest;
}

/** Composition root. */
@Module({})
export class RetentionModule {
  static register({ runs, status, erasure, tokenDigest }: RetentionParts): DynamicModule {
    return {
      module: RetentionModule,
      controllers: [RetentionController],
      providers: [
        TokenGuard,
        { provide: PurgeRuns, useValue: runs },
        { provide: RetentionStatusReader, useValue: status },
        { provide: Erasure, useValue: erasure },
        { provide: TokenDigest, useValue: tokenDigest },
      ],
    };
  }
}
