import { ExponentialBackoff, handleType, retry } from "cockatiel";
import type { Message, PartitionerArgs, Producer } from "kafkajs";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import type { ProduceRound } from "../produce-rounds.ts";
import { BUCKET_END_HEADER } from "../record-mapping.ts";
import { openKafkajs, shortRetry, type KafkajsClient } from "./kafkajs-client.ts";
import { kafkajsError } from "./kafkajs-errors.ts";

const ALL_IN_SYNC = -1;

/** Ends kafkajs' repetition of a request. */
class NotRepeated extends Error {
  /** kafkajs asks for it. */
  readonly retriable = false;
}

/** What kafkajs would have repeated, for some 2 s: a leader that isn't elected yet or has moved, a broker that went away. */
const repeatedWhole = retry(handleType(NotRepeated), {
  maxAttempts: 4,
  backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 1_000 }),
});

/**
 * Idempotent, one request at a time, uncompressed. After any failure the producer is thrown away: kafkajs takes a failed
 * request's sequence numbers back although the broker may have written it, and the broker would then take the next
 * request with the same numbers for a repetition and drop it.
 */
export class KafkajsProducer {
  readonly #connection: KafkaConnection;
  #current:
    { readonly client: KafkajsClient; readonly producer: Producer; readonly connected: Promise<void> } | undefined;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  /** One call at a time. A request that may be repeated is, whole and in order, by a new producer. @throws MessagingError */
  async send(round: ProduceRound): Promise<void> {
    try {
      await repeatedWhole.execute(() => this.#sendOnce(round));
    } catch (error) {
      throw kafkajsError("produce", error);
    }
  }

  async #sendOnce(round: ProduceRound): Promise<void> {
    const { producer, connected } = (this.#current ??= this.#open());
    try {
      await connected;
      await producer.sendBatch({
        acks: ALL_IN_SYNC,
        timeout: timeoutsOf(this.#connection).requestTimeoutMs,
        topicMessages: byTopic(round),
      });
    } catch (error) {
      this.#discard();
      throw error;
    }
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    await current.producer.disconnect().catch(() => undefined);
    current.client.sockets.sever();
  }

  /** As a killed process would end. */
  sever(): void {
    this.#discard();
  }

  #open() {
    const client = openKafkajs(this.#connection);
    const producer = client.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: shortRetry,
      createPartitioner: () => addressedOnce(),
    });
    const connected = producer.connect();
    // Who sends awaits it; without one it is nobody's.
    connected.catch(() => undefined);
    return { client, producer, connected };
  }

  #discard(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.client.sockets.sever();
    void current?.producer.disconnect().catch(() => undefined);
  }
}

/**
 * The partition that a record names, once. kafkajs asks again when it repeats a request that failed, and repeats by brokers
 * and not by partitions: one whose leader has moved, meanwhile, to a broker that answered already is sent to nobody, and
 * reported as written. So nothing is repeated there, but all of it from here. (An idempotent producer can't be told to have
 * no retries.)
 */
function addressedOnce(): (args: PartitionerArgs) => number {
  const addressed = new WeakSet<Message>();
  return ({ message }) => {
    if (addressed.has(message)) throw new NotRepeated("a request failed, and is not repeated here");
    addressed.add(message);
    return message.partition ?? 0;
  };
}

function byTopic(round: ProduceRound) {
  const topics = new Map<
    string,
    { key: Buffer; value: Buffer; partition: number; headers: Record<string, Buffer> }[]
  >();
  for (const { topic, key, value, partition, bucketEndHeader } of round) {
    const messages = topics.get(topic) ?? [];
    messages.push({ key, value, partition, headers: { [BUCKET_END_HEADER]: bucketEndHeader } });
    topics.set(topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
