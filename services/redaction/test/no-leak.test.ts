import { describe, expect, it } from "@jest/globals";
import { PlaceholderMemory, type MapEntry } from "@cloister/pii";
import { requireNoLeak } from "../src/redact-message.ts";
import { isLeaking } from "../src/redact-texts.ts";

const entry = (placeholder: string, type: string, value: string): MapEntry => ({
  placeholder,
  type,
  value,
  expiresAtMs: Date.UTC(2026, 10, 29),
});
const entries = [
  entry("[PERSON_1]", "PERSON", "Marisol Quintanilla"),
  entry("[EMAIL_ADDRESS_1]", "EMAIL_ADDRESS", "zoe@example.org"),
];

describe("the last look before anything is passed on", () => {
  it("lets redacted text go", () => {
    expect(isLeaking(["[PERSON_1] wrote to [EMAIL_ADDRESS_1]."], entries)).toBe(false);
  });

  it.each([
    ["a value as it was typed", ["I am Marisol Quintanilla."]],
    ["a value in another case", ["Write to ZOE@example.org."]],
    ["a part of a name", ["Ask Quintanilla."]],
    ["a value in the second text alone", ["[PERSON_1]", "by zoe@example.org"]],
  ])("refuses %s", (_, texts) => {
    expect(isLeaking(texts, entries)).toBe(true);
  });

  it("tells nothing of what it found", () => {
    const leaking = {
      text: "I am Marisol Quintanilla.",
      title: "",
      entries,
      memory: PlaceholderMemory.from(entries),
      isLeaking: true,
    };
    const passOn = () => requireNoLeak({ document: undefined }, leaking);
    expect(passOn).toThrow(expect.objectContaining({ code: "REDACTION_LEAK" }));
    expect(passOn).toThrow(/^(?!.*(Marisol|Quintanilla)).*$/u);
  });
});
