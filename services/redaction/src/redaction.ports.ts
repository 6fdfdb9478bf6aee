import type { Keyring } from "@cloister/keyring";
import type { Failpoints, MessageLog } from "@cloister/messaging";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";

export interface RedactionConfig {
  /** Where health and metrics listen; without it no socket is opened. */
  readonly http?: { readonly host: string; readonly port: number };
}

export interface RedactionPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Closed when the service closes. */
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: Log;
  readonly failpoints?: Failpoints;
}
