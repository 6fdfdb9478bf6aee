import { Producer } from "@platformatic/kafka";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import type { ProduceRound } from "../produce-rounds.ts";
import { BUCKET_END_HEADER } from "../record-mapping.ts";
import { clientError } from "./client-errors.ts";
import { clientOptions } from "./client-options.ts";
import { closed } from "./closing.ts";

const BUCKET_END_NAME = Buffer.from(BUCKET_END_HEADER);
/** Under two, the library takes it for infinite. */
const RETRIES = 3;
const RETRY_DELAY_MS = 200;
/** After a request that was not answered, for one that is. */
const LAST_ATTEMPT_MS = 1_000;

/**
 * Idempotent, uncompressed; acknowledged by every in-sync replica. After a failure the producer is thrown away: a new one
 * has new sequence numbers, and asks another broker first.
 */
export class PlatformaticProducer {
  readonly #connection: KafkaConnection;
  #client: Producer | undefined;
  #turn = 0;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  /** One call at a time. @throws MessagingError */
  async send(round: ProduceRound): Promise<void> {
    const client = (this.#client ??= this.#open());
    const sent = client.send({
      messages: round.map(({ topic, partition, key, value, bucketEndHeader }) => ({
        topic,
        partition,
        key,
        value,
        headers: new Map([[BUCKET_END_NAME, bucketEndHeader]]),
      })),
    });
    try {
      await this.#inTime(sent);
    } catch (error) {
      this.#client = undefined;
      this.#turn += 1;
      void closed(client.close());
      throw clientError("produce", error);
    }
  }

  /** Ends the connections, and with them what is under way. */
  async close(): Promise<void> {
    if (this.#client !== undefined) await closed(this.#client.close());
  }

  /** All attempts together: the library would spend as long on each, with the broker that hangs. */
  async #inTime(sent: Promise<unknown>): Promise<void> {
    const limitMs = timeoutsOf(this.#connection).requestTimeoutMs + LAST_ATTEMPT_MS;
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("a broker has not answered in time")), limitMs);
    });
    try {
      await Promise.race([sent, timeUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  #open(): Producer {
    const client = new Producer({
      ...clientOptions(this.#connection, this.#turn),
      // Makes it wait for all in-sync replicas; otherwise the library's default is the leader alone.
      idempotent: true,
      compression: "none",
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
    });
    // What is wrong with a connection comes out of the call that needed it.
    client.on("error", () => undefined);
    return client;
  }
}
