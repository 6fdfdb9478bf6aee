import type { Secret } from "@cloister/service";

/** How a program reaches the brokers, whichever client it uses. */
export interface KafkaConnection {
  /** `host:port`, at least one; the others are learned from it. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas, such as `redaction`. */
  readonly clientId: string;
  /** Missing: no TLS. */
  readonly tls?: KafkaTls;
  /** Missing: no authentication. Given only together with `tls`. */
  readonly scram?: ScramCredentials;
  /** Most time to open a connection; 5 s. */
  readonly connectTimeoutMs?: number;
  /** Most time of a request; 10 s. */
  readonly requestTimeoutMs?: number;
  /** After this long without a heartbeat a member's partitions go to others; 10 s. */
  readonly sessionTimeoutMs?: number;
}

export interface KafkaTls {
  /** PEM of the authorities that may have signed the brokers' certificates; missing: those that Node knows. */
  readonly authorities?: string;
}

/** SASL/SCRAM-SHA-512. */
export interface ScramCredentials {
  readonly username: string;
  readonly password: Secret;
}

export interface KafkaTimeouts {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** How long the brokers wait for members to join again. */
  readonly rebalanceTimeoutMs: number;
  /** How long a batch in work may hold up a rebalance: well within the session, as no heartbeat is sent meanwhile. */
  readonly revokeGraceMs: number;
}

/** What the connection says, and what follows from it. */
export function timeoutsOf(connection: KafkaConnection): KafkaTimeouts {
  const { connectTimeoutMs = 5_000, requestTimeoutMs = 10_000, sessionTimeoutMs = 10_000 } = connection;
  return {
    connectTimeoutMs,
    requestTimeoutMs,
    sessionTimeoutMs,
    heartbeatMs: Math.floor(sessionTimeoutMs / 10),
    rebalanceTimeoutMs: 3 * sessionTimeoutMs,
    revokeGraceMs: Math.floor(sessionTimeoutMs * 0.4),
  };
}
