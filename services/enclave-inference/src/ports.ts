import type { Keyring, LeasedKeys } from "@cloister/keyring";
import type { Failpoints, MessageLog } from "@cloister/messaging";
import type { PassageReader } from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";
import type { ModelRuntime } from "./model/model-runtime.ts";

/** The keys of a batch, as this service uses them. */
export type KeyLease = Pick<LeasedKeys, "openingKey" | "sealingKey" | "conversation" | "certificateFor">;

/** Where keys come from: a Keyring of the role `enclave-inference`. Its signer signs the replies. */
export interface KeySource extends Pick<Keyring, "signer" | "close"> {
  lease(...batch: Parameters<Keyring["lease"]>): Promise<KeyLease>;
}

export interface InferencePorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Closed when the service closes. */
  readonly keys: KeySource;
  readonly runtime: ModelRuntime;
  readonly clock: Clock;
  readonly log: Log;
  /** Sealed rows through embedding's view by default. */
  readonly passages?: PassageReader;
  readonly failpoints?: Failpoints;
}
