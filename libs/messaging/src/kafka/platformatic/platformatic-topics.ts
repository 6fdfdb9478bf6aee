import { Admin, ListOffsetTimestamps } from "@platformatic/kafka";
import { backoffMs, pause } from "../../backoff.ts";
import type { TopicDefinition } from "../../message-log.ts";
import { MessagingError } from "../../messaging-error.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { durabilityFor, topicSettings } from "../topic-settings.ts";
import { clientError, namesIn } from "./client-errors.ts";
import { clientOptions } from "./client-options.ts";
import { closed } from "./closing.ts";

/** A brokers' wait of about 5 s: a new topic is known to each a moment after the controller has made it. */
const LOOKS = 25;

/** What is known of topics, and making them. Each question is a connection of its own, as they are few. */
export class PlatformaticTopics {
  readonly #connection: KafkaConnection;
  readonly #flowDays: number;
  #turn = 0;

  constructor(connection: KafkaConnection, flowDays: number) {
    this.#connection = connection;
    this.#flowDays = flowDays;
  }

  /** @throws MessagingError UNKNOWN_TOPIC, LOG_UNAUTHORIZED, LOG_UNTRUSTED, LOG_UNAVAILABLE */
  partitionsOf(topic: string): Promise<number> {
    return this.#asAdmin(`look up the topic ${topic}`, async (admin) => (await leadersOf(admin, topic)).length);
  }

  /** As `ensureTopics` of the port. Topics that this user may not see are other services' and left out. */
  ensure(topics: readonly TopicDefinition[]): Promise<void> {
    return this.#asAdmin("look at the topics", async (admin) => {
      const found = await Promise.all(topics.map(({ name }) => lookUp(admin, name)));
      const missing = topics.filter((_, n) => found[n] === "missing");
      if (missing.length > 0) await this.#create(admin, missing);
      for (const [n, topic] of topics.entries()) {
        if (found[n] === "hidden") continue;
        const once = found[n] === "missing" ? partitionsOnceHeld : partitionsOnceLed;
        requireSame(topic, await once(admin, topic.name));
      }
    });
  }

  async #create(admin: Admin, topics: readonly TopicDefinition[]): Promise<void> {
    const { brokers } = await admin.metadata({ topics: [] });
    const durability = durabilityFor(brokers.size);
    const settings = Object.entries(topicSettings(this.#flowDays, durability));
    try {
      await admin.createTopics({
        topics: topics.map(({ name, partitions }) => ({
          topic: name,
          partitions,
          replicas: durability.replicationFactor,
        })),
        configs: settings.map(([name, value]) => ({ name, value })),
      });
    } catch (error) {
      // Another program was faster with some of them; the others were made.
      if (namesIn(error).includes("TOPIC_ALREADY_EXISTS")) return;
      const names = topics.map(({ name }) => name).join(", ");
      const failure = clientError(`create ${names}`, error);
      if (failure.code !== "LOG_UNAUTHORIZED") throw failure;
      const sentence = `there is no topic ${names}, and this user may not create it; run cloister topics apply`;
      throw new MessagingError("UNKNOWN_TOPIC", sentence, { cause: error });
    }
  }

  async #asAdmin<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ ...clientOptions(this.#connection, this.#turn), retries: 0 });
    // What is wrong with a connection comes out of the call that needed it.
    admin.on("error", () => undefined);
    try {
      return await work(admin);
    } catch (error) {
      this.#turn += 1;
      throw clientError(what, error);
    } finally {
      await closed(admin.close());
    }
  }
}

/** The leader of each partition; -1 for one that has none at the moment. */
async function leadersOf(admin: Admin, topic: string): Promise<number[]> {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
  return (topics.get(topic)?.partitions ?? []).map(({ leader }) => leader);
}

async function lookUp(admin: Admin, topic: string): Promise<"there" | "missing" | "hidden"> {
  try {
    await leadersOf(admin, topic);
    return "there";
  } catch (error) {
    const failure = clientError(`look up the topic ${topic}`, error);
    if (failure.code === "UNKNOWN_TOPIC") return "missing";
    if (namesIn(error).includes("TOPIC_AUTHORIZATION_FAILED")) return "hidden";
    throw failure;
  }
}

/** How many partitions it has, when the brokers know it and each has a leader. */
async function partitionsOnceLed(admin: Admin, topic: string): Promise<number> {
  const never = new AbortController().signal;
  for (let look = 1; ; look++) {
    const leaders = await leadersOf(admin, topic).catch((error: unknown): number[] => {
      if (look === LOOKS) throw error;
      return [];
    });
    if (leaders.length > 0 && !leaders.includes(-1)) return leaders.length;
    if (look === LOOKS) throw new MessagingError("LOG_UNAVAILABLE", `a partition of the topic ${topic} has no leader`);
    await pause(backoffMs(Math.min(look, 2)), never);
  }
}

/**
 * The same of a new topic, when its leaders answer for its partitions, so that its first record is not refused: brokers
 * hear of a topic a moment before they hold its partitions.
 */
export async function partitionsOnceHeld(admin: Admin, topic: string): Promise<number> {
  const never = new AbortController().signal;
  for (let look = 1; ; look++) {
    const count = await partitionsOnceLed(admin, topic);
    const timestamp = ListOffsetTimestamps.LATEST;
    const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
    const isHeld = await admin.listOffsets({ topics: [{ name: topic, partitions }] }).then(
      () => true,
      () => false,
    );
    if (isHeld) return count;
    if (look === LOOKS)
      throw new MessagingError("LOG_UNAVAILABLE", `a partition of the topic ${topic} is not held yet`);
    await pause(backoffMs(Math.min(look, 2)), never);
  }
}

function requireSame({ name, partitions }: TopicDefinition, made: number): void {
  if (made === partitions) return;
  const facts = `${made} partitions, not ${partitions}`;
  throw new MessagingError("TOPIC_MISMATCH", `the topic ${name} has ${facts}; that cannot change`);
}
