import kafkajs, { CompressionTypes, Kafka, logLevel } from "kafkajs";
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

/**
 * Gives up after about 30 s. A consumer that holds on so long is the same member of its group when a broker is back; as
 * another one it would wait until the session of the first has timed out.
 */
export const longRetry = { ...shortRetry, retries: 60, maxRetryTime: 500 };

export function openKafkajs(connection: KafkaConnection, retry: typeof shortRetry = shortRetry): KafkajsClient {
  correctRequestQueueTimer();
  refuseCompressedRecords();
  const { connectTimeoutMs, requestTimeoutMs } = timeoutsOf(connection);
  const { brokers, clientId, tls, scram } = connection;
  const sockets = new TrackedSockets(tls !== undefined);
  const kafka = new Kafka({
    // Without brokers it gives up at once; with refused connections it would go on after its end.
    brokers: () => (sockets.isSevered ? [] : [...brokers]),
    clientId,
    socketFactory: sockets.factory,
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry,
    // Its sentences hold whatever the brokers say; ours are in the errors that come out.
    logLevel: logLevel.NOTHING,
    ...(tls && { ssl: tls.authorities === undefined ? true : { ca: [tls.authorities] } }),
    ...(scram && {
      sasl: { mechanism: "scram-sha-512", username: scram.username, password: scram.password.reveal() },
    }),
  });
  return { kafka, sockets };
}

/**
 * kafkajs knows gzip by itself and unpacks a batch whole, whatever comes out of it. Nothing of ours is compressed, so that
 * it is like the others to it: not there.
 */
function refuseCompressedRecords(): void {
  // Node doesn't see it among the names that this CommonJS module exports.
  const { CompressionCodecs } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = CompressionCodecs[CompressionTypes.ZSTD];
}
