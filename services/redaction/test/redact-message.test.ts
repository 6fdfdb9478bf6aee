import { describe, expect, it } from "@jest/globals";
import { createDetector, PlaceholderMemory, type Detector } from "@cloister/pii";
import { detectMessage } from "../src/detect-message.ts";
import { redactMessage, type RedactedText } from "../src/redact-message.ts";
import { messageOf } from "./opened-message.ts";

const expiresAtMs = Date.UTC(2026, 10, 29);
const emails = createDetector({ entities: ["EMAIL_ADDRESS"] });
const blind: Detector = { detect: () => [], explain: () => [] };
const redactBy = (detector: Detector, ...message: Parameters<typeof messageOf>): RedactedText =>
  redactMessage(detectMessage(messageOf(...message), detector), PlaceholderMemory.empty(), { expiresAtMs });

describe("the redaction of a message", () => {
  it("puts placeholders into the text and remembers what they stand for until the map's bucket ends", () => {
    const { text, entries } = redactBy(emails, "Write to zoe@example.org.");
    expect(text).toBe("Write to [EMAIL_ADDRESS_1].");
    expect(entries).toEqual([
      { placeholder: "[EMAIL_ADDRESS_1]", type: "EMAIL_ADDRESS", value: "zoe@example.org", expiresAtMs },
    ]);
  });

  it("gives a value in a document's title the placeholder that it has in the text", () => {
    const { document, entries } = redactBy(emails, "Ask zoe@example.org.", "By zoe@example.org and max@example.org");
    expect(document?.title).toBe("By [EMAIL_ADDRESS_1] and [EMAIL_ADDRESS_2]");
    expect(entries.map(({ value }) => value)).toEqual(["zoe@example.org", "max@example.org"]);
  });

  it("finds a value of an earlier turn also where no detector sees it", () => {
    const { memory } = redactBy(emails, "Write to zoe@example.org.");
    const next = redactMessage(detectMessage(messageOf("zoe@example.org, as I said"), blind), memory, { expiresAtMs });
    expect([next.text, next.entries]).toEqual(["[EMAIL_ADDRESS_1], as I said", []]);
  });

  it("takes a value from the text that only the title shows to be one, and the other way round", () => {
    const aliases = (sign: string): Detector => ({
      explain: () => [],
      detect: (text) => (text.startsWith(sign) ? [{ start: 3, end: 11, type: "PERSON", score: 1 }] : []),
    });
    const byTitle = redactBy(aliases("By"), "I asked Annelise.", "By Annelise and others");
    expect([byTitle.text, byTitle.document?.title]).toEqual(["I asked [PERSON_1].", "By [PERSON_1] and others"]);
    const byText = redactBy(aliases("By"), "By Annelise and others", "I asked Annelise.");
    expect([byText.text, byText.document?.title]).toEqual(["By [PERSON_1] and others", "I asked [PERSON_1]."]);
  });

  it("leaves the memory that it was given as it was", () => {
    const memory = PlaceholderMemory.empty();
    redactMessage(detectMessage(messageOf("Write to zoe@example.org."), emails), memory, { expiresAtMs });
    expect(memory.entries()).toEqual([]);
  });
});
