import { describe, expect, it } from "@jest/globals";
import { planTopics, type FoundTopic, type TopicChange, type WantedTopic } from "../../src/kafka/admin/topic-plan.ts";

const wanted = (more: Partial<WantedTopic> = {}): WantedTopic => ({
  name: "one.v1",
  partitions: 8,
  mustHavePartitions: true,
  replicationFactor: 3,
  settings: {},
  ...more,
});
const found = (more: Partial<FoundTopic> = {}): FoundTopic => ({
  name: "one.v1",
  partitions: 8,
  replicationFactor: 3,
  settings: {},
  ...more,
});
const drained = () => [];
const waiting = (topic: string) => [{ group: "readers", topic, records: 3 }];
const changesOf = (
  settings: Record<string, string>,
  is: Record<string, string>,
  replicationFactor = 3,
): TopicChange[] => planTopics([wanted({ settings })], [found({ settings: is, replicationFactor })], drained);

describe("the plan of topics", () => {
  it("makes what is missing and leaves alone what is as it should be", () => {
    const other = wanted({ name: "two.v1" });
    expect(planTopics([wanted(), other], [found()], waiting)).toEqual([
      { change: "create", topic: "two.v1", wanted: other },
    ]);
  });

  it("changes a setting that differs", () => {
    const changes = changesOf(
      { "message.timestamp.type": "LogAppendTime" },
      { "message.timestamp.type": "CreateTime" },
    );
    expect(changes).toMatchObject([{ change: "setting", from: "CreateTime", to: "LogAppendTime" }]);
  });

  it.each(["min.insync.replicas", "max.message.bytes"])("raises %s and never lowers it", (setting) => {
    expect(changesOf({ [setting]: "2" }, { [setting]: "1" })).toMatchObject([{ from: "1", to: "2" }]);
    expect(changesOf({ [setting]: "1" }, { [setting]: "2" })).toEqual([]);
  });

  it("asks for no more copies in sync than a topic has", () => {
    expect(changesOf({ "min.insync.replicas": "2" }, { "min.insync.replicas": "1" }, 1)).toEqual([]);
  });

  it("adds partitions to a drained topic", () => {
    const changes = planTopics([wanted({ partitions: 12 })], [found()], drained);
    expect(changes).toEqual([{ change: "partitions", topic: "one.v1", from: 8, to: 12 }]);
  });

  it("leaves the partitions as they are unless some are asked for", () => {
    expect(planTopics([wanted({ partitions: 12, mustHavePartitions: false })], [found()], waiting)).toEqual([]);
    expect(planTopics([wanted({ partitions: 4, mustHavePartitions: false })], [found()], waiting)).toEqual([]);
  });

  it("refuses fewer partitions", () => {
    const plan = () => planTopics([wanted({ partitions: 4 })], [found()], drained);
    expect(plan).toThrow(expect.objectContaining({ code: "TOPIC_WOULD_SHRINK" }));
  });

  it("lengthens a retention at any time, and shortens it only when nothing waits", () => {
    const plan = (from: string, to: string, backlog: typeof waiting) =>
      planTopics(
        [wanted({ settings: { "retention.ms": to } })],
        [found({ settings: { "retention.ms": from } })],
        backlog,
      );
    expect(plan("10", "20", waiting)).toHaveLength(1);
    expect(plan("20", "10", drained)).toHaveLength(1);
    expect(() => plan("20", "10", waiting)).toThrow(expect.objectContaining({ code: "TOPIC_NOT_DRAINED" }));
  });

  it("names the groups that have still to read", () => {
    expect(() => planTopics([wanted({ partitions: 9 })], [found()], waiting)).toThrow(
      /one\.v1.*the group readers has 3 records to read/,
    );
  });
});
