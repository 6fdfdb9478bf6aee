import { Producer } from "@platformatic/kafka";
import type { KafkaConnection } from "../connection-settings.ts";
import type { ProduceRound } from "../produce-rounds.ts";
import { BUCKET_END_HEADER } from "../record-mapping.ts";
import { clientError } from "./client-errors.ts";
import { clientOptions } from "./client-options.ts";

const BUCKET_END_NAME = Buffer.from(BUCKET_END_HEADER);
/** Under two, the library takes it for infinite. */
const RETRIES = 3;
const RETRY_DELAY_MS = 200;

/** Idempotent, uncompressed; acknowledged by every in-sync replica. After a failure it begins with new sequence numbers. */
export class PlatformaticProducer {
  readonly #connection: KafkaConnection;
  #client: Producer | undefined;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  /** One call at a time. @throws MessagingError */
  async send(round: ProduceRound): Promise<void> {
    this.#client ??= this.#open();
    try {
      await this.#client.send({
        messages: round.map(({ topic, partition, key, value, bucketEndHeader }) => ({
          topic,
          partition,
          key,
          value,
          headers: new Map([[BUCKET_END_NAME, bucketEndHeader]]),
        })),
      });
    } catch (error) {
      throw clientError("produce", error);
    }
  }

  /** Ends the connections, and with them what is under way. */
  async close(): Promise<void> {
    await this.#client?.close();
  }

  #open(): Producer {
    const client = new Producer({
      ...clientOptions(this.#connection),
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
