import type { Keyring, LeasedKeys } from "@cloister/keyring";
import type { Failpoints, MessageLog } from "@cloister/messaging";
import type { PassageTables, VectorIndex } from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";

/** The keys of a batch, as this service uses them. */
export type KeyLease = Pick<LeasedKeys, "openingKey" | "sealingKey" | "conversation">;

/** Where keys come from: a Keyring of the role `embedding`. */
export interface KeySource extends Pick<Keyring, "close"> {
  lease(...batch: Parameters<Keyring["lease"]>): Promise<KeyLease>;
}

export interface EmbeddingPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Closed when the service closes. */
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly log: Log;
  /** Sealed rows in this service's own schema by default. */
  readonly index?: VectorIndex<PassageTables>;
  readonly failpoints?: Failpoints;
}
