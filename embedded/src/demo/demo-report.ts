import type { PurgeJob, RetentionStatus } from "@cloister/service-retention";
import type { SearchReport } from "@cloister/canary";
import type { Attempt } from "./attempts.ts";
import type { InputLines } from "./input-lines.ts";
import type { Percentiles } from "./latency.ts";
import type { PlayedMessage } from "./play.ts";

/** What `--json` writes. */
export interface DemoReport {
  readonly messages: readonly PlayedMessage[];
  readonly latency: Percentiles;
  readonly brokenLines: InputLines["broken"];
  /** `alreadyThere`: pieces left out because the engines' own files hold them before anything is typed. */
  readonly search: SearchReport & { readonly alreadyThere: number };
  /** The first one before the purge, the others after it. */
  readonly attempts: readonly Attempt[];
  readonly purges: readonly PurgeJob[];
  readonly receipts: RetentionStatus["receipts"];
  /** Everything opened before the purge and nothing after it. */
  readonly forgotten: boolean;
  /** Everything above held; the demo's exit code. */
  readonly held: boolean;
}
