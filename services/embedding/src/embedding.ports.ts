import type { KeySource } from "@cloister/keyring";
import type { Failpoints, MessageLog, ParkingLimits } from "@cloister/messaging";
import type { PassageTables, TextEmbedder, VectorIndex } from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";

export interface EmbeddingConfig {
  /** Where health and metrics listen; without it no socket is opened. */
  readonly http?: { readonly host: string; readonly port: number };
  /** How much may be parked for one tenant before its new messages are refused. */
  readonly parking?: Partial<ParkingLimits>;
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
  /** The one that is shipped by default; inference has to search with the same. */
  readonly embedder?: TextEmbedder;
  readonly failpoints?: Failpoints;
}
