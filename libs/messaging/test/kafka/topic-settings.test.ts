import { describe, expect, it } from "@jest/globals";
import { deletedByMs, durabilityFor, topicSettings } from "@cloister/messaging/kafka";

const DAY_MS = 86_400_000;

describe("the settings of a topic", () => {
  it.each([1, 2, 3, 4, 5, 6, 7])("keep no record longer than %d days, in segments of an eighth at most", (days) => {
    const settings = topicSettings(days, durabilityFor(3));
    const [retentionMs, segmentMs] = [Number(settings["retention.ms"]), Number(settings["segment.ms"])];
    expect(Number.isInteger(retentionMs) && Number.isInteger(segmentMs)).toBe(true);
    expect(segmentMs).toBeLessThanOrEqual(retentionMs / 8);
    expect(retentionMs + segmentMs).toBeLessThanOrEqual(days * DAY_MS);
    expect(deletedByMs(0, days)).toBeGreaterThan(days * DAY_MS);
  });

  it("go by the broker's clock, in plain, with room for a record of a mebibyte", () => {
    expect(topicSettings(7, durabilityFor(3))).toMatchObject({
      "message.timestamp.type": "LogAppendTime",
      "compression.type": "producer",
      "max.message.bytes": "1052672",
      "min.insync.replicas": "2",
      "cleanup.policy": "delete",
    });
  });

  it("ask for as many copies as there are brokers, three at most", () => {
    const factors = [1, 2, 3, 9].map((brokers) => {
      const { replicationFactor, minInsyncReplicas } = durabilityFor(brokers);
      return [replicationFactor, minInsyncReplicas];
    });
    expect(factors).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [3, 2],
    ]);
  });
});
