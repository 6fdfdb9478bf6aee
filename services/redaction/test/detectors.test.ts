import { describe, expect, it } from "@jest/globals";
import { hashListedValue } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { detectorOptionsOf } from "../src/detector-options.ts";
import { Detectors } from "../src/detectors.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const base = new SimulatedTenant(nowMs).policy;
const asking = (redact: string[], more: Partial<Policy> = {}): Policy => ({ ...base, block: [], redact, ...more });
const text = "Write to zoe@example.org or call +1 415 555 2671, ref E-104223.";
const detectors = new Detectors();
const foundBy = (policy: Policy, given = text): string[] =>
  detectors
    .for(detectorOptionsOf(policy))
    .detect(given)
    .map(({ type }) => type);
const refused = expect.objectContaining({ code: "REGULATED_DATA_BLOCKED" });

describe("the detector of a policy", () => {
  it("finds the kinds that the policy asks for and no others", () => {
    expect(foundBy(asking(["EMAIL_ADDRESS"]))).toEqual(["EMAIL_ADDRESS"]);
    expect(foundBy(asking(["EMAIL_ADDRESS", "PHONE_NUMBER"]))).toEqual(["EMAIL_ADDRESS", "PHONE_NUMBER"]);
  });

  it("finds what the policy blocks besides", () => {
    expect(foundBy(asking(["EMAIL_ADDRESS"], { block: ["PHONE_NUMBER"] }))).toEqual(["EMAIL_ADDRESS", "PHONE_NUMBER"]);
  });

  it("is built once for the same kinds in any order", () => {
    const of = (...kinds: string[]) => detectors.for(detectorOptionsOf(asking(kinds)));
    const one = of("EMAIL_ADDRESS", "PHONE_NUMBER");
    expect(of("PHONE_NUMBER", "EMAIL_ADDRESS")).toBe(one);
    expect(of("PHONE_NUMBER")).not.toBe(one);
  });

  it("judges by the policy's patterns, thresholds and lists", () => {
    const salt = new Uint8Array(16).fill(1);
    const redaction: Policy["redaction"] = {
      patterns: [{ name: "EMPLOYEE_ID", pattern: "\\bE-[0-9]{6}\\b" }],
      thresholds: { PHONE_NUMBER: 1 },
      allow: ["zoe@example.org"],
      deny: [{ value: "Write", type: "VERB" }],
      hashed: { salt, deny: [{ ...hashListedValue("ref", salt), type: "WORD" }] },
    };
    const policy = asking(["EMAIL_ADDRESS", "PHONE_NUMBER", "EMPLOYEE_ID"], { redaction });
    expect(foundBy(policy)).toEqual(["VERB", "WORD", "EMPLOYEE_ID"]);
  });

  it("refuses a policy that asks for what this build can't find", () => {
    expect(() => foundBy(asking(["EMAIL_ADDRESS", "RETINA_SCAN"]))).toThrow(refused);
    expect(() => foundBy(asking(["EMAIL_ADDRESS"], { block: ["RETINA_SCAN"] }))).toThrow(refused);
  });

  it("refuses a policy with a pattern that RE2 can't take, and says why", () => {
    const policy = asking(["PERSON"], { redaction: { patterns: [{ name: "BADGE", pattern: "(?=a)b" }] } });
    expect(() => foundBy(policy)).toThrow(refused);
    expect(() => foundBy(policy)).toThrow(/BADGE.*RE2/);
  });
});
