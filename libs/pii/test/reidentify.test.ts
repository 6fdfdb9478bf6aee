import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type MapEntry, reidentify, rewriteForeignPlaceholders, StreamReidentifier } from "@cloister/pii/placeholders";

function entry(placeholder: string, value: string): MapEntry {
  return { placeholder, type: /[A-Z_]+(?=_\d)/.exec(placeholder)?.[0] ?? "", value, expiresAtMs: 1 };
}

const entries = [
  entry("[PERSON_1]", "Maria Gonzalez"),
  entry("[PERSON_1.2]", "maria"),
  entry("[PERSON_3.4]", "Bo"),
  entry("[LITERAL_1]", "[PERSON_1]"),
];

describe("reidentify", () => {
  it("restores each spelling as it was typed", () => {
    expect(reidentify("[PERSON_1.2], you are [PERSON_1].", entries)).toBe("maria, you are Maria Gonzalez.");
  });

  it("restores a spelling that nobody typed to the first one of the same subject", () => {
    expect(reidentify("[PERSON_1.9] [PERSON_3]", entries)).toBe("Maria Gonzalez Bo");
  });

  it("does not restore inside a value it has put back", () => {
    expect(reidentify("[LITERAL_1]", entries)).toBe("[PERSON_1]");
  });

  it("leaves placeholders it does not know", () => {
    expect(reidentify("[PERSON_2] [EMAIL_ADDRESS_1]", entries)).toBe("[PERSON_2] [EMAIL_ADDRESS_1]");
  });
});

describe("StreamReidentifier", () => {
  const text = "Dear [PERSON_1], [[PERSON_1.2]] [LITERAL_1] [PERSON_7] [PERSON_ [x] array[0] ends in [PERSON_1";

  it("gives what the whole text gives, wherever one chunk border is", () => {
    for (let border = 0; border <= text.length; border++) {
      const stream = new StreamReidentifier(entries);
      const restored = stream.push(text.slice(0, border)) + stream.push(text.slice(border)) + stream.end();
      expect(restored).toBe(reidentify(text, entries));
    }
  });

  it("gives what the whole text gives for any text in any chunks", () => {
    const piece = fc.oneof(
      fc.constantFrom("[PERSON_1]", "[PERSON_1.2]", "[", "]", "PERSON", "_", "1", ".", "2", "[LITERAL_1]", "x"),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (chunks) => {
        const stream = new StreamReidentifier(entries);
        const restored = chunks.map((chunk) => stream.push(chunk)).join("") + stream.end();
        expect(restored).toBe(reidentify(chunks.join(""), entries));
      }),
    );
  });

  it("holds back nothing but the beginning of a placeholder", () => {
    const stream = new StreamReidentifier(entries);
    expect(stream.push("Hello [PER")).toBe("Hello ");
    expect(stream.push("haps")).toBe("[PERhaps");
  });

  it("never holds back more than a placeholder's length", () => {
    expect(new StreamReidentifier(entries).push(`[${"A".repeat(62)}`)).toBe(`[${"A".repeat(62)}`);
  });
});

describe("rewriteForeignPlaceholders", () => {
  it("takes away the numbers, so that nothing can be restored", () => {
    const rewritten = rewriteForeignPlaceholders("[PERSON_3.2] wrote to [EMAIL_ADDRESS_1]");
    expect(rewritten).toBe("[PERSON] wrote to [EMAIL_ADDRESS]");
    expect(reidentify(rewritten, [entry("[PERSON_3.2]", "x")])).toBe(rewritten);
  });
});
