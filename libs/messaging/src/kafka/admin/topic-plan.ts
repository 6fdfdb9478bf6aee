import { MessagingError } from "../../messaging-error.ts";

export interface WantedTopic {
  readonly name: string;
  /** Of a topic that is made; one that is there gets more only when `mustHavePartitions`. */
  readonly partitions: number;
  readonly mustHavePartitions: boolean;
  /** Of a topic that is made. */
  readonly replicationFactor: number;
  /** By Kafka's names. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** What is in force, whether the topic's own or the broker's default. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What a group has not read yet of a topic. */
export interface Backlog {
  readonly group: string;
  readonly topic: string;
  readonly records: number;
}

export type TopicChange =
  | { readonly change: "create"; readonly topic: string; readonly wanted: WantedTopic }
  | { readonly change: "partitions"; readonly topic: string; readonly from: number; readonly to: number }
  | {
      readonly change: "setting";
      readonly topic: string;
      readonly setting: string;
      readonly from: string | null;
      readonly to: string;
    };

/** A copy of the log is lost for less than these; they are raised and never lowered. */
const onlyRaised = new Set(["min.insync.replicas", "max.message.bytes"]);

/**
 * What makes the found topics as they are wanted. `backlogOf` says what groups have still to read of a topic: what
 * would lose it or put a conversation's messages out of order is refused.
 * @throws MessagingError TOPIC_WOULD_SHRINK, TOPIC_NOT_DRAINED
 */
export function planTopics(
  wanted: readonly WantedTopic[],
  found: readonly FoundTopic[],
  backlogOf: (topic: string) => readonly Backlog[],
): TopicChange[] {
  return wanted.flatMap((topic) => {
    const there = found.find(({ name }) => name === topic.name);
    if (there === undefined) return [{ change: "create" as const, topic: topic.name, wanted: topic }];
    const changes = [...partitionChange(topic, there), ...settingChanges(topic, there)];
    const [risky] = changes.filter((change) => needsDrained(change));
    if (risky !== undefined) requireDrained(risky, backlogOf(topic.name));
    return changes;
  });
}

/** More partitions put a conversation's later messages elsewhere; a shorter retention drops what waits. */
export function needsDrained(change: TopicChange): boolean {
  if (change.change === "partitions") return true;
  return change.change === "setting" && change.setting === "retention.ms" && Number(change.from) > Number(change.to);
}

/** @throws MessagingError TOPIC_NOT_DRAINED */
export function requireDrained({ topic }: TopicChange, backlog: readonly Backlog[]): void {
  if (backlog.length === 0) return;
  const facts = backlog.map(({ group, records }) => `the group ${group} has ${records} records to read`).join(", ");
  throw new MessagingError("TOPIC_NOT_DRAINED", `the topic ${topic} can't be changed so: ${facts}`);
}

function partitionChange(wanted: WantedTopic, { name, partitions }: FoundTopic): TopicChange[] {
  if (!wanted.mustHavePartitions || wanted.partitions === partitions) return [];
  if (wanted.partitions > partitions)
    return [{ change: "partitions", topic: name, from: partitions, to: wanted.partitions }];
  const facts = `it has ${partitions} partitions, and ${wanted.partitions} are wanted`;
  throw new MessagingError("TOPIC_WOULD_SHRINK", `the topic ${name} can't lose partitions: ${facts}`);
}

function settingChanges(wanted: WantedTopic, found: FoundTopic): TopicChange[] {
  return Object.entries(wanted.settings).flatMap(([setting, value]) => {
    const from = found.settings[setting] ?? null;
    const to = setting === "min.insync.replicas" ? String(Math.min(Number(value), found.replicationFactor)) : value;
    const isEnough = from === to || (onlyRaised.has(setting) && Number(from) >= Number(to));
    return isEnough ? [] : [{ change: "setting" as const, topic: found.name, setting, from, to }];
  });
}
