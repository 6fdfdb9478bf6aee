import type { KeySource } from "@cloister/keyring";
import type { Failpoints, MessageLog } from "@cloister/messaging";
import type { PassageTables, VectorIndex } from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";

export interface EmbeddingConfig {
  /** Where health and metrics listen; without it no socket is opened. */
  readonly http?: { readonly host: string; readonly port: number };
}

export interface EmbeddingPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Of the role `embedding`. Closed when the service closes. */
  readonly keyring: KeySource;
  readonly clock: Clock;
  readonly log: Log;
  /** Sealed rows in this service's own schema by default. */
  readonly index?: VectorIndex<PassageTables>;
  readonly failpoints?: Failpoints;
}
