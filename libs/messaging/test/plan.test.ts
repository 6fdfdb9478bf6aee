import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { backoffMs } from "../src/backoff.ts";
import { outcomesOf } from "../src/outcome.ts";
import { parkedUntilMs } from "../src/parked-rows.ts";
import { partitionOf } from "../src/partitioner.ts";
import { planBatch } from "../src/plan.ts";
import type { PriorState } from "../src/prior-state.ts";
import { done, failed, type ConsumedRecord } from "../src/record-result.ts";

const hexOf = (byte: number): string => Buffer.alloc(16, byte).toString("hex");
/** Of the one tenant here. */
const nameOf = (byte: number): string => `${hexOf(9)}/${hexOf(byte)}`;

function consumed(offset: number, message: number, conversation = 1, fingerprint = message): ConsumedRecord {
  const [messageId, conversationId, tenantId] = [message, conversation, 9].map((byte) => Buffer.alloc(16, byte));
  if (messageId === undefined || conversationId === undefined || tenantId === undefined) throw new Error("no ids");
  return {
    record: { topic: "t", partition: 0, offset, key: conversationId, value: Buffer.of(1), bucketEndMs: 1_000 },
    identity: { messageId, fingerprint: Buffer.alloc(32, fingerprint), conversationId, tenantId },
  };
}

const nothing: PriorState = { fences: new Map(), inbox: new Map(), parkedConversations: new Set() };
const fetched = { nowMs: 0, isDrainingParked: false };
const messagesOf = (records: readonly ConsumedRecord[]) => records.map((one) => one.identity.messageId[0]);

describe("the plan of a batch", () => {
  it("gives the step each record once, in order, and drops what came before", () => {
    const prior = { ...nothing, inbox: new Map([[nameOf(3), Buffer.alloc(32, 3)]]) };
    const plan = planBatch([consumed(0, 1), consumed(1, 2), consumed(2, 1), consumed(3, 3)], prior, fetched);
    expect([messagesOf(plan.fresh), messagesOf(plan.repeated)]).toEqual([
      [1, 2],
      [1, 3],
    ]);
  });

  it("calls a known id with another fingerprint reused", () => {
    const plan = planBatch([consumed(0, 1), consumed(1, 1, 1, 7)], nothing, fetched);
    expect([messagesOf(plan.fresh), messagesOf(plan.reused)]).toEqual([[1], [1]]);
  });

  it("skips what its fence says was handled, unless it comes from the parking lot", () => {
    const prior = { ...nothing, fences: new Map([[hexOf(1), { lastOffset: 5, version: 2 }]]) };
    const batch = [consumed(5, 1), consumed(6, 2)];
    expect(messagesOf(planBatch(batch, prior, fetched).fresh)).toEqual([2]);
    expect(messagesOf(planBatch(batch, prior, { nowMs: 0, isDrainingParked: true }).fresh)).toEqual([1, 2]);
  });

  it("puts a record behind the parked ones of its conversation only", () => {
    const prior = { ...nothing, parkedConversations: new Set([nameOf(1)]) };
    const plan = planBatch([consumed(0, 1, 1), consumed(1, 2, 2)], prior, fetched);
    expect([messagesOf(plan.behind), messagesOf(plan.fresh)]).toEqual([[1], [2]]);
  });

  it("gives nothing on from the moment in which a bucket ends", () => {
    const at = (nowMs: number) => planBatch([consumed(0, 1)], nothing, { nowMs, isDrainingParked: false });
    expect([at(999).fresh.length, at(1_000).expired.length]).toEqual([1, 1]);
  });

  it("puts every record into exactly one place", () => {
    const record = fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat(1));
    fc.assert(
      fc.property(fc.array(record), fc.nat(2_000), (records, nowMs) => {
        const batch = records.map(([offset, message, conversation, print]) =>
          consumed(offset, message, conversation, print),
        );
        const plan = planBatch(batch, nothing, { nowMs, isDrainingParked: false });
        expect(new Set(Object.values(plan).flat())).toEqual(new Set(batch));
        expect(Object.values(plan).flat()).toHaveLength(batch.length);
      }),
    );
  });
});

describe("the outcomes of a step", () => {
  it("parks later records of a key behind one that is parked, whatever the step made of them", () => {
    const records = [consumed(0, 1, 1), consumed(1, 2, 2), consumed(2, 3, 1)];
    const results = [failed("tenant", "KMS_DOWN"), done([]), done([])];
    const outcomes = outcomesOf(records, results, {
      parked: (one, code) => ({ kind: "parked", consumed: one, code, outputs: [] }),
      dead: () => {
        throw new Error("nothing is poisoned");
      },
    });
    expect(outcomes.map((one) => one.kind)).toEqual(["parked", "done", "parked"]);
  });
});

describe("the partition of a key", () => {
  it("never changes", () => {
    const keys = [0, 1, 2, 255].map((byte) => Buffer.alloc(16, byte));
    expect(keys.map((key) => partitionOf(key, 12))).toEqual([11, 8, 11, 4]);
  });

  it("is one of them", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1_024 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(partition >= 0 && partition < partitions).toBe(true);
      }),
    );
  });
});

describe("a pause before another attempt", () => {
  it("grows to five seconds and is at least half of what it could be", () => {
    const least = [0, 1, 5, 100].map((attempt) => backoffMs(attempt, () => 0));
    const most = [0, 1, 5, 100].map((attempt) => backoffMs(attempt, () => 1));
    expect([least, most]).toEqual([
      [25, 50, 800, 2_500],
      [50, 100, 1_600, 5_000],
    ]);
  });

  it("grows to five minutes for a parked record", () => {
    expect([0, 1, 30].map((attempts) => parkedUntilMs(10, attempts))).toEqual([1_010, 2_010, 300_010]);
  });
});
