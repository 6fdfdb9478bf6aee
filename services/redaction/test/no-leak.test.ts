import { describe, expect, it } from "@jest/globals";
import type { MapEntry } from "@cloister/pii";
import { requireNoLeak } from "../src/no-leak.ts";

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
    expect(() => requireNoLeak(["[PERSON_1] wrote to [EMAIL_ADDRESS_1]."], entries)).not.toThrow();
  });

  it.each([
    ["a value as it was typed", ["I am Marisol Quintanilla."]],
    ["a value in another case", ["Write to ZOE@example.org."]],
    ["a part of a name", ["Ask Quintanilla."]],
    ["a value in the second text alone", ["[PERSON_1]", "by zoe@example.org"]],
  ])("refuses %s", (_, texts) => {
    expect(() => requireNoLeak(texts, entries)).toThrow(expect.objectContaining({ code: "REDACTION_LEAK" }));
  });

  it("tells nothing of what it found", () => {
    expect(() => requireNoLeak(["I am Marisol Quintanilla."], entries)).toThrow(/^(?!.*(Marisol|Quintanilla)).*$/u);
  });
});
