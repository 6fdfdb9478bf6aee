import type { BaseOptions } from "@platformatic/kafka";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";

/** What every client of the library is made with. `strict` has it check the options of each call. */
export function clientOptions(connection: KafkaConnection): BaseOptions {
  const { brokers, clientId, tls, scram } = connection;
  const { connectTimeoutMs, requestTimeoutMs } = timeoutsOf(connection);
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    strict: true,
    autocreateTopics: false,
    connectTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Of the broker's own wait for its replicas, so that its answer comes before we stop listening.
    timeout: Math.floor(requestTimeoutMs / 2),
    ...(tls !== undefined && { tls: tls.authorities === undefined ? {} : { ca: tls.authorities }, tlsServerName: true }),
    ...(scram !== undefined && {
      sasl: { mechanism: "SCRAM-SHA-512", username: scram.username, password: scram.password.reveal() },
    }),
  };
}
