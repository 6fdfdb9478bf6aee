import type { LogRecord } from "@cloister/messaging";
import { StorageError } from "@cloister/storage";
import { FakeClock } from "@cloister/testing";
import { describe, expect, it } from "@jest/globals";

import { Patience } from "../src/bridge/patience.ts";
import { verdictOn } from "../src/bridge/verdict.ts";
import { problem, type IngestProblem } from "../src/ingest.problems.ts";

const kindOf = (code: IngestProblem): string => verdictOn(problem(code, "A sentence.")).kind;

describe("the verdict on a record that was not accepted", () => {
  it("is to wait for what is away, and for a limit", () => {
    const codes: IngestProblem[] = ["AUTHORITY_UNAVAILABLE", "DRAINING", "PARKING_FULL", "RATE_LIMITED"];
    expect(codes.map(kindOf)).toEqual(["wait", "wait", "wait", "wait"]);
    expect(verdictOn(new StorageError("DATABASE_UNAVAILABLE", "It is away.")).kind).toBe("wait");
  });

  it("is to wait a while for a policy that may become known", () => {
    expect(kindOf("POLICY_UNKNOWN")).toBe("wait-a-while");
  });

  it("is to refuse what can never be accepted, and whatever nobody foresaw", () => {
    const codes: IngestProblem[] = ["MALFORMED", "FORBIDDEN_TENANT", "EXPIRED", "ID_REUSED", "RESIDENCY_VIOLATION"];
    expect(codes.map(kindOf)).toEqual(codes.map(() => "refuse"));
    expect(verdictOn(new TypeError("a mistake of ours"))).toMatchObject({ kind: "refuse", isRetryable: false });
  });
});

describe("patience with what may become known", () => {
  const record: LogRecord = {
    topic: "tenant.0.inbound.v1",
    partition: 0,
    offset: 7,
    key: new Uint8Array(16),
    value: new Uint8Array(),
    bucketEndMs: 0,
  };
  const unknown = { kind: "wait-a-while", code: "POLICY_UNKNOWN" } as const;

  it("ends after thirty seconds, and says that the same may be sent again", () => {
    const clock = new FakeClock();
    const patience = new Patience(clock);
    const verdicts = [0, 29_000, 1_000].map((ms) => {
      clock.advance(ms);
      return patience.judge(record, unknown);
    });
    expect(verdicts).toEqual([
      { kind: "wait", code: "POLICY_UNKNOWN" },
      { kind: "wait", code: "POLICY_UNKNOWN" },
      { kind: "refuse", code: "POLICY_UNKNOWN", isRetryable: true },
    ]);
  });

  it("counts for each record by itself", () => {
    const clock = new FakeClock();
    const patience = new Patience(clock);
    patience.judge(record, unknown);
    clock.advance(60_000);
    expect(patience.judge({ ...record, offset: 8 }, unknown).kind).toBe("wait");
  });
});
