import { describe, expect, it } from "@jest/globals";
import { SimulatedTenant } from "@cloister/testing/tenant";
import type { Policy } from "@cloister/policy";
import { Detectors } from "../src/detectors.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const base = new SimulatedTenant(nowMs).policy;
const asking = (redact: string[], development: boolean): Policy => ({ ...base, redact, development });
const text = "Write to zoe@example.org or call +1 415 555 2671.";
const foundBy = (policy: Policy): string[] =>
  new Detectors()
    .for(policy)
    .detect(text)
    .map(({ type }) => type);

describe("the detector of a policy", () => {
  it("finds the kinds that the policy asks for and no others", () => {
    expect(foundBy(asking(["EMAIL_ADDRESS"], false))).toEqual(["EMAIL_ADDRESS"]);
    expect(foundBy(asking(["EMAIL_ADDRESS", "PHONE_NUMBER"], false))).toEqual(["EMAIL_ADDRESS", "PHONE_NUMBER"]);
  });

  it("is built once for the same kinds in any order", () => {
    const detectors = new Detectors();
    const one = detectors.for(asking(["EMAIL_ADDRESS", "PHONE_NUMBER"], false));
    expect(detectors.for(asking(["PHONE_NUMBER", "EMAIL_ADDRESS"], false))).toBe(one);
    expect(detectors.for(asking(["PHONE_NUMBER"], false))).not.toBe(one);
  });

  it("finds what a policy blocks, too", () => {
    expect(foundBy({ ...asking(["EMAIL_ADDRESS"], true), block: ["PHONE_NUMBER"] })).toEqual([
      "EMAIL_ADDRESS",
      "PHONE_NUMBER",
    ]);
  });

  it.each([
    ["redacted", asking(["EMAIL_ADDRESS", "RETINA_SCAN"], false)],
    ["redacted under a development policy", asking(["EMAIL_ADDRESS", "RETINA_SCAN"], true)],
    ["blocked", { ...asking(["EMAIL_ADDRESS"], true), block: ["RETINA_SCAN"] }],
  ])("refuses a policy that wants something %s that this build can't find", (_what, policy) => {
    expect(() => new Detectors().for(policy)).toThrow(expect.objectContaining({ code: "REGULATED_DATA_BLOCKED" }));
  });
});
