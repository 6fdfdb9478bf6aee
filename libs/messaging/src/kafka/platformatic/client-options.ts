import type { BaseOptions } from "@platformatic/kafka";
import { isIP } from "node:net";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";

/**
 * What every client of the library is made with. It asks the first broker for the others, time and again, though it may
 * hang: a client that takes a failed one's place begins with another, by its `turn`.
 */
export function clientOptions(connection: KafkaConnection, turn = 0): BaseOptions {
  const { brokers, clientId, tls, scram } = connection;
  const first = turn % brokers.length;
  const { connectTimeoutMs, requestTimeoutMs } = timeoutsOf(connection);
  return {
    clientId,
    bootstrapBrokers: [...brokers.slice(first), ...brokers.slice(0, first)],
    autocreateTopics: false,
    connectTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Of the broker's own wait for its replicas, so that its answer comes before we stop listening.
    timeout: Math.floor(requestTimeoutMs / 2),
    ...(tls !== undefined && {
      tls: tls.authorities === undefined ? {} : { ca: tls.authorities },
      // A server is named to itself by name only (RFC 6066, section 3); the certificate is checked either way.
      tlsServerName: brokers.every((broker) => isIP(hostOf(broker)) === 0),
    }),
    ...(scram !== undefined && {
      sasl: { mechanism: "SCRAM-SHA-512", username: scram.username, password: () => scram.password.reveal() },
    }),
  };
}

function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(":")).replace(/^\[|\]$/gu, "");
}
