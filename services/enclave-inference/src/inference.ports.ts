import type { KeySource } from "@cloister/keyring";
import type { Failpoints, MessageLog, ParkingLimits } from "@cloister/messaging";
import type { PassageReader, TextEmbedder } from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import type { Database, LiveFrames } from "@cloister/storage";
import type { Beat } from "./live/beat.ts";
import type { ModelRuntime } from "./model/model-runtime.ts";

export interface InferenceConfig {
  /** Where health and metrics listen; without it no socket is opened. */
  readonly http?: { readonly host: string; readonly port: number };
  /** How much may be parked for one tenant before its new messages are refused. */
  readonly parking?: Partial<ParkingLimits>;
  /** So many questions are before the model at once; 4. */
  readonly maxConcurrentAnswers?: number;
  /** How long a drain waits for answers in work before it gives them up, to be asked for again after the next start; 15 s. */
  readonly stopGraceMs?: number;
}

export interface InferencePorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Of the role `enclave-inference`; its signer signs the replies. Closed when the service closes. */
  readonly keyring: KeySource;
  readonly runtime: ModelRuntime;
  readonly clock: Clock;
  readonly log: Log;
  /** Sealed rows through embedding's view by default. */
  readonly passages?: PassageReader;
  /** What questions are embedded with: the one that embedding uses. The one that is shipped by default. */
  readonly embedder?: TextEmbedder;
  /** Where ingest's readers listen; without it no answer is shown before it is whole. */
  readonly liveFrames?: LiveFrames;
  /** What live cells keep time with; timers by default. */
  readonly beat?: Beat;
  readonly failpoints?: Failpoints;
}
