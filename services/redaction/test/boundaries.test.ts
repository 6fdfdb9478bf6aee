import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { Boundaries } from "../src/boundaries.ts";
import { detectMessage } from "../src/detect-message.ts";
import { messageOf } from "./opened-message.ts";

const detector = createDetector({ entities: ["EMAIL_ADDRESS", "US_SSN"] });
const topic = { name: "trading", phrases: ["insider trad*"], sentence: "Ask compliance." };
const policy: Policy = {
  ...new SimulatedTenant(Date.UTC(2026, 10, 22, 12)).policy,
  block: ["US_SSN"],
  forbiddenTopics: [topic],
};
const boundaries = new Boundaries();
const refusalOf = (text: string, title?: string) =>
  boundaries.refusalOf(detectMessage(messageOf(text, title), detector), policy);

describe("the boundaries of a policy", () => {
  it("let a message pass that touches none", () => {
    expect(refusalOf("Write to zoe@example.org about trading.")).toBeUndefined();
  });

  it("refuse a forbidden topic with the tenant's sentence", () => {
    expect(refusalOf("Is insider trading legal?")).toEqual({ code: "TOPIC_FORBIDDEN", sentence: "Ask compliance." });
  });

  it("see a topic also in letters that pass for Latin ones", () => {
    expect(refusalOf("Is insid\u0435r tr\u0430ding legal?")?.code).toBe("TOPIC_FORBIDDEN");
  });

  it("refuse blocked data in a sentence that names its kind and quotes none of it", () => {
    const { code, sentence } = refusalOf("Her SSN is 536-90-4399.") ?? {};
    expect([code, sentence?.includes("US_SSN"), sentence?.includes("536")]).toEqual([
      "REGULATED_DATA_BLOCKED",
      true,
      false,
    ]);
  });

  it("let a document name what a chat may not be about", () => {
    expect(refusalOf("Insider trading is forbidden here.", "Rules on insider trading")).toBeUndefined();
  });

  it("let no blocked data into a document or its title", () => {
    const refused = [refusalOf("SSN 536-90-4399", "Staff"), refusalOf("Staff", "SSN 536-90-4399")];
    expect(refused.map((refusal) => refusal?.code)).toEqual(["REGULATED_DATA_BLOCKED", "REGULATED_DATA_BLOCKED"]);
  });
});
