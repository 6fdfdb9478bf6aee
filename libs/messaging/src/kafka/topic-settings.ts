import { MAX_MESSAGE_BYTES } from "./produce-rounds.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
/** The longest that a policy may keep class `flow`. */
export const LONGEST_FLOW_DAYS = 7;
/** Brokers look for what is due every 5 minutes, and delete its files a minute after. */
const BROKER_DELAY_MS = 6 * 60 * 1_000;

export interface TopicDurability {
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

/** Three copies of which two must have a record before it counts; as many as there are brokers when there are fewer. */
export function durabilityFor(brokerCount: number): TopicDurability {
  const replicationFactor = Math.min(3, Math.max(1, brokerCount));
  return { replicationFactor, minInsyncReplicas: Math.max(1, replicationFactor - 1) };
}

/**
 * The settings of a pipeline topic, by Kafka's names. A broker deletes whole segments, `retention.ms` after their last
 * record, which came up to `segment.ms` after their first: both together are the `flow` period, so that no record is
 * there longer. Times are the broker's, since a producer's could keep a segment for ever.
 */
export function topicSettings(
  flowDays: number,
  { minInsyncReplicas }: TopicDurability,
): Readonly<Record<string, string>> {
  const segmentMs = (flowDays * DAY_MS) / 9;
  return {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "max.message.bytes": String(MAX_MESSAGE_BYTES),
    "message.timestamp.type": "LogAppendTime",
    "min.insync.replicas": String(minInsyncReplicas),
    "retention.bytes": "-1",
    "retention.ms": String(8 * segmentMs),
    "segment.ms": String(segmentMs),
    "unclean.leader.election.enable": "false",
  };
}

/** When the last bytes of a record are gone that was appended at `appendedAtMs`, at the latest. */
export function deletedByMs(appendedAtMs: number, flowDays: number): number {
  return appendedAtMs + flowDays * DAY_MS + BROKER_DELAY_MS;
}
