import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fromKafkaRecord, readBucketEnd, toKafkaRecord, writeBucketEnd } from "../../src/kafka/record-mapping.ts";

const HOUR_MS = 3_600_000;
const nowMs = Date.UTC(2026, 0, 1, 12, 34);
const thisHourMs = Date.UTC(2026, 0, 1, 12);
const bucketEnds = fc.integer({ min: -190, max: 190 }).map((hours) => thisHourMs + hours * HOUR_MS);

describe("a record on Kafka", () => {
  it("comes back as it was sent, whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), bucketEnds, (key, value, bucketEndMs) => {
        const sent = toKafkaRecord({ topic: "t", key, value, bucketEndMs }, 8);
        const back = fromKafkaRecord({ topic: "t", offset: 7, ...sent }, nowMs);
        expect(Buffer.from(back.key).equals(key) && Buffer.from(back.value).equals(value)).toBe(true);
        expect([back.bucketEndMs, back.offset, back.flaw]).toEqual([bucketEndMs, 7, undefined]);
      }),
    );
  });

  it("says its bucket in eight bytes", () => {
    expect(writeBucketEnd(Date.UTC(2026, 0, 1)).toString("hex")).toBe("0000019b76daa800");
  });

  it("believes no header that is not the end of a bucket, and none of another form", () => {
    const good = writeBucketEnd(Date.UTC(2026, 0, 1));
    const late = writeBucketEnd(Date.UTC(2100, 0, 1) + HOUR_MS);
    const headers = [undefined, null, "text", [], [good], [good, good], good.subarray(1), Buffer.concat([good, good])];
    for (const header of [...headers, late, writeBucketEnd(0), writeBucketEnd(HOUR_MS + 1)]) {
      expect(readBucketEnd(header)).toBeUndefined();
    }
  });

  it("is believed within the days that class flow can last, and no further", () => {
    const record = (hours: number) => ({
      ...{ topic: "t", partition: 0, offset: 0, key: Buffer.from("k"), value: Buffer.from("v") },
      bucketEndHeader: writeBucketEnd(thisHourMs + hours * HOUR_MS),
    });
    expect([-191, 192].map((hours) => fromKafkaRecord(record(hours), nowMs).flaw)).toEqual([undefined, undefined]);
    for (const hours of [-192, 193, 24 * 365]) {
      const kept = { flaw: "RECORD_UNTRUSTED", bucketEndMs: Date.UTC(2026, 0, 2, 13) };
      expect(fromKafkaRecord(record(hours), nowMs)).toMatchObject(kept);
    }
  });

  it("is never trusted by other bytes than ours, and never throws", () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array({ maxLength: 12 })), (bucketEndHeader) => {
        const fetched = { topic: "t", partition: 0, offset: 0, key: null, value: null, bucketEndHeader };
        expect(fromKafkaRecord(fetched, nowMs).flaw).toBe("RECORD_UNTRUSTED");
      }),
    );
  });

  it("is kept for a day as a dead letter when it says no bucket", () => {
    const fetched = { topic: "t", partition: 0, offset: 0, key: null, value: null, bucketEndHeader: undefined };
    expect(fromKafkaRecord(fetched, nowMs).bucketEndMs).toBe(Date.UTC(2026, 0, 2, 13));
  });
});
