import { Kafka, logLevel } from "kafkajs";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import { correctRequestQueueTimer } from "./request-queue-timer.ts";
import { TrackedSockets } from "./tracked-sockets.ts";

/** A client with connections of its own: kafkajs shares offsets between the consumers of one `Kafka`. */
export interface KafkajsClient {
  readonly kafka: Kafka;
  readonly sockets: TrackedSockets;
}

/** Gives up after about 3 s of refused connections: who asked decides what to do next. */
export const shortRetry = { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 };

export function openKafkajs(connection: KafkaConnection): KafkajsClient {
  correctRequestQueueTimer();
  const { connectTimeoutMs, requestTimeoutMs } = timeoutsOf(connection);
  const { brokers, clientId, tls, scram } = connection;
  const sockets = new TrackedSockets(tls !== undefined);
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    socketFactory: sockets.factory,
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: shortRetry,
    // Its sentences hold whatever the brokers say; ours are in the errors that come out.
    logLevel: logLevel.NOTHING,
    ...(tls && { ssl: tls.authorities === undefined ? true : { ca: [tls.authorities] } }),
    ...(scram && {
      sasl: { mechanism: "scram-sha-512", username: scram.username, password: scram.password.reveal() },
    }),
  });
  return { kafka, sockets };
}
