import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { OutgoingRecord } from "@cloister/messaging";
import { MAX_MESSAGE_BYTES, planProduce } from "../../src/kafka/produce-rounds.ts";

const recordOf = (key: string, bytes: number): OutgoingRecord => ({
  topic: "t",
  key: Buffer.from(key),
  value: Buffer.alloc(bytes),
  bucketEndMs: Date.UTC(2026, 0, 1),
});

describe("records that are produced together", () => {
  it("are all sent, in the order of their partitions, in batches that a broker takes", () => {
    const sizes = fc.integer({ min: 0, max: 1_048_576 });
    const some = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), sizes), { maxLength: 40 });
    fc.assert(
      fc.property(some, (pairs) => {
        const records = pairs.map(([key, bytes]) => recordOf(key, bytes));
        const { rounds, tooLarge } = planProduce(records, () => 4);
        expect(tooLarge).toEqual([]);
        const sent = rounds.flatMap((round) => round.map(({ record }) => record));
        for (const key of ["a", "b", "c"]) {
          const ofKey = (one: OutgoingRecord): boolean => Buffer.from(one.key).toString() === key;
          expect(sent.filter(ofKey)).toEqual(records.filter(ofKey));
        }
        expect(sent).toHaveLength(records.length);
        for (const round of rounds) {
          const bytes = new Map<number, number>();
          for (const { partition, value } of round)
            bytes.set(partition, (bytes.get(partition) ?? 0) + value.byteLength);
          expect(Math.max(...bytes.values())).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
          expect([...bytes.values()].reduce((a, b) => a + b)).toBeLessThanOrEqual(16 * 1_048_576);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("go in one request when they are small", () => {
    const records = Array.from({ length: 500 }, (_, n) => recordOf(`key${n}`, 1_024));
    expect(planProduce(records, () => 8).rounds).toHaveLength(1);
  });

  it("leave out a value of more than a mebibyte, and nothing else", () => {
    const over = recordOf("a", 1_048_577);
    const { rounds, tooLarge } = planProduce([recordOf("a", 1), over, recordOf("a", 1_048_576)], () => 8);
    expect(tooLarge).toEqual([over]);
    expect(rounds.flat()).toHaveLength(2);
  });
});
