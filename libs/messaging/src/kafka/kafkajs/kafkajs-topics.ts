import { setTimeout as delay } from "node:timers/promises";
import type { Admin } from "kafkajs";
import type { TopicDefinition } from "../../message-log.ts";
import { MessagingError } from "../../messaging-error.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { durabilityFor, topicSettings } from "../topic-settings.ts";
import { openKafkajs } from "./kafkajs-client.ts";
import { kafkajsError } from "./kafkajs-errors.ts";

/** How long brokers may take to tell each other of a new topic: 15 s. */
const SPREAD_LOOKS = 300;
const LOOK_EVERY_MS = 50;

/** What is known of topics, and making them. Each question is a connection of its own, as they are few. */
export class KafkajsTopics {
  readonly #connection: KafkaConnection;
  readonly #flowDays: number;

  constructor(connection: KafkaConnection, flowDays: number) {
    this.#connection = connection;
    this.#flowDays = flowDays;
  }

  /** @throws MessagingError UNKNOWN_TOPIC, LOG_UNAUTHORIZED, LOG_UNTRUSTED, LOG_UNAVAILABLE */
  async partitionsOf(topic: string): Promise<number> {
    return this.#asAdmin(`look up the topic ${topic}`, (admin) => partitionsOf(admin, topic));
  }

  /** As `MessageLog.ensureTopics`. Topics that this user may not see are other services' and left out. */
  async ensure(topics: readonly TopicDefinition[]): Promise<void> {
    await this.#asAdmin("look at the topics", async (admin) => {
      const missing: TopicDefinition[] = [];
      for (const topic of topics) {
        const found = await lookUp(admin, topic.name);
        if (found === "missing") missing.push(topic);
        else if (found !== "hidden") requireSame(topic, found);
      }
      if (missing.length === 0) return;
      const { brokers } = await admin.describeCluster();
      for (const topic of missing) await this.#create(admin, topic, brokers.length);
      await spread(admin, missing);
    });
  }

  async #create(admin: Admin, { name, partitions }: TopicDefinition, brokerCount: number): Promise<void> {
    const durability = durabilityFor(brokerCount);
    const settings = topicSettings(this.#flowDays, durability);
    try {
      await admin.createTopics({
        // kafkajs' own waiting throws UNKNOWN_TOPIC_OR_PARTITION when a broker has not heard of the topic yet.
        waitForLeaders: false,
        topics: [
          {
            topic: name,
            numPartitions: partitions,
            replicationFactor: durability.replicationFactor,
            configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
          },
        ],
      });
    } catch (error) {
      const failure = kafkajsError(`create the topic ${name}`, error);
      if (failure.code !== "LOG_UNAUTHORIZED") throw failure;
      const sentence = `there is no topic ${name}, and this user may not create it; run cloister topics apply`;
      throw new MessagingError("UNKNOWN_TOPIC", sentence, { cause: error });
    }
  }

  async #asAdmin<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const { kafka, sockets } = openKafkajs(this.#connection);
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw kafkajsError(what, error);
    } finally {
      await admin.disconnect().catch(() => undefined);
      sockets.sever();
    }
  }
}

async function partitionsOf(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const found = topics.find((one) => one.name === topic)?.partitions.length ?? 0;
  if (found > 0) return found;
  throw new MessagingError("UNKNOWN_TOPIC", `there is no topic ${topic}; run cloister topics apply`);
}

async function lookUp(admin: Admin, topic: string): Promise<number | "missing" | "hidden"> {
  try {
    return await partitionsOf(admin, topic);
  } catch (error) {
    const failure = kafkajsError(`look up the topic ${topic}`, error);
    if (failure.code === "UNKNOWN_TOPIC") return "missing";
    const isHidden = failure.code === "LOG_UNAUTHORIZED" && failure.message.includes("TOPIC_AUTHORIZATION_FAILED");
    if (isHidden) return "hidden";
    throw failure;
  }
}

function requireSame({ name, partitions }: TopicDefinition, found: number): void {
  if (found === partitions) return;
  const facts = `${found} partitions, not ${partitions}`;
  throw new MessagingError("TOPIC_MISMATCH", `the topic ${name} has ${facts}; that cannot change`);
}

/**
 * Until the first record of each new topic is not refused: brokers hear of a topic a moment before they hold its
 * partitions, and a round of which one partition is refused is sent again, whole. Another program may have made them.
 */
async function spread(admin: Admin, topics: readonly TopicDefinition[]): Promise<void> {
  for (const topic of topics) {
    for (let looks = 1; !(await isHeld(admin, topic)); looks++) {
      if (looks === SPREAD_LOOKS) throw new MessagingError("UNKNOWN_TOPIC", `the topic ${topic.name} did not appear`);
      await delay(LOOK_EVERY_MS);
    }
  }
}

/** Whether brokers answer for its partitions: each asks its leader, by the log that it holds. */
async function isHeld(admin: Admin, topic: TopicDefinition): Promise<boolean> {
  const found = await lookUp(admin, topic.name);
  if (typeof found !== "number") return false;
  requireSame(topic, found);
  return admin.fetchTopicOffsets(topic.name).then(
    () => true,
    () => false,
  );
}
