import type { Transport } from "@connectrpc/connect";
import type { VectorsToEnd } from "@cloister/retrieval";
import type { Clock, Log, Secret } from "@cloister/service";
import type { Database } from "@cloister/storage";
import type { PurgeFailpoints } from "./purge/ports.ts";

export interface RetentionConfig {
  readonly http?: { readonly host: string; readonly port: number };
  /** How often it looks by itself for what is due; 0 for only when asked. */
  readonly intervalMs: number;
  /** Set where the message log is on Kafka: the days after which its brokers have deleted a record. */
  readonly kafkaFlowDays?: number;
}

export interface RetentionPorts {
  /** The services' tables; never those of `keys`. */
  readonly db: Database;
  /** To the Lifecycle door of `keys`. */
  readonly keysTransport: Transport;
  /** To the Lifecycle doors of tenants that run `keys` themselves, by tenant id in hex; none by default. */
  readonly tenantKeysTransports?: ReadonlyMap<string, Transport>;
  /** Stores of protected vectors, which the tables' columns don't tell of; none by default. */
  readonly vectors?: VectorsToEnd;
  /** Given the token of this start before the door opens: who finds retention ready finds the token, too. */
  readonly keepAccessToken?: (token: Secret) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly failpoints?: PurgeFailpoints;
}
