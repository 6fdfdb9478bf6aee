import { describe, expect, it } from "@jest/globals";
import { policyFromJson, policyToJson, type Policy } from "@cloister/policy";
import { newTenant } from "./fixture.ts";
import { refusalOf } from "./refusal.ts";

const { policy } = newTenant();
const withRules = (redaction: object): unknown => ({
  ...policyToJson({ ...policy, redact: ["PERSON", "DATE_TIME"], block: ["US_SSN"] }),
  redaction,
});
const entry = { words: 2, hash: "ab".repeat(32) };

describe("the redaction rules of a policy", () => {
  it("come back from the JSON of its note", () => {
    const rules: Policy["redaction"] = {
      depth: "deep",
      threshold: 0.6,
      thresholds: { PERSON: 0.4 },
      actions: { DATE_TIME: "generalize", PERSON: "hash", EMPLOYEE_ID: "mask" },
      patterns: [{ name: "EMPLOYEE_ID", pattern: "E-[0-9]{6}" }],
      allow: ["Cloister"],
      deny: [{ value: "Project Heron", type: "PROJECT" }],
      hashed: { salt: new Uint8Array(16).fill(7), allow: [entry], deny: [{ ...entry, type: "PERSON" }] },
    };
    const json: unknown = JSON.parse(
      JSON.stringify(policyToJson({ ...policy, redact: ["PERSON", "DATE_TIME"], redaction: rules })),
    );
    expect(policyFromJson(json).redaction).toEqual(rules);
  });

  it.each([
    ["an action for a kind that is not looked for", { actions: { PERSN: "mask" } }],
    ["a threshold for a kind that is not looked for", { thresholds: { PHONE_NUMBER: 0.9 } }],
    ["an action that nobody knows", { actions: { PERSON: "shred" } }],
    ["a name made more general", { actions: { PERSON: "generalize" } }],
    ["a depth that nobody knows", { depth: "deeper" }],
    ["a score above 1", { threshold: 2 }],
    ["a pattern whose name no placeholder can have", { patterns: [{ name: "E1", pattern: "a" }] }],
    ["a pattern of 513 characters", { patterns: [{ name: "LONG", pattern: "a".repeat(513) }] }],
    ["33 patterns", { patterns: Array.from({ length: 33 }, () => ({ name: "MANY", pattern: "a" })) }],
    ["a hash in upper case", { hashed: { salt: "00".repeat(16), allow: [{ words: 1, hash: "AB".repeat(32) }] } }],
    ["a short salt", { hashed: { salt: "00".repeat(8) } }],
  ])("are refused with %s", (_what, rules) => {
    expect(refusalOf(() => policyFromJson(withRules(rules)))).toBe("POLICY_MALFORMED");
  });

  it("may speak of kinds that are redacted, of kinds that are blocked and of patterns", () => {
    const rules = {
      thresholds: { US_SSN: 0.3, BADGE: 0.2 },
      actions: { DATE_TIME: "generalize" },
      patterns: [{ name: "BADGE", pattern: "B[0-9]{4}" }],
    };
    expect(policyFromJson(withRules(rules)).redaction).toEqual(rules);
  });
});
