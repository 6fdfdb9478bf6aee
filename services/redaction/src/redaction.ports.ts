import type { NamesModelChoice } from "@cloister/deep-names";
import type { KeySource } from "@cloister/keyring";
import type { Failpoints, MessageLog, ParkingLimits } from "@cloister/messaging";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";

export interface RedactionConfig {
  /** Where health and metrics listen; without it no socket is opened. */
  readonly http?: { readonly host: string; readonly port: number };
  /** How much may be parked for one tenant before its new messages are refused. */
  readonly parking?: Partial<ParkingLimits>;
  /** Where this instance runs. What its operator states proves nothing to a policy that wants proof. */
  readonly region?: { readonly name: string; readonly isAttested: boolean };
  /** A token classifier that finds names beside ours; without it nobody else is asked. */
  readonly namesModel?: NamesModelChoice;
}

export interface RedactionPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  /** Closed when the service closes. */
  readonly keyring: KeySource;
  readonly clock: Clock;
  readonly log: Log;
  readonly failpoints?: Failpoints;
}
