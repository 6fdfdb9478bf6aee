import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type FoundSpan, leakScan, PlaceholderMemory, redact, reidentify } from "@cloister/pii";

const expiresAtMs = 1_800_000_000_000;

function spanOf(text: string, value: string, type = "PERSON"): FoundSpan {
  const start = text.indexOf(value);
  return { start, end: start + value.length, type };
}

/** Plays texts of one conversation, each with the values that a detector would have found in it. */
function converse(...turns: [text: string, ...found: string[]][]): { texts: string[]; memory: PlaceholderMemory } {
  let memory = PlaceholderMemory.empty();
  const texts = turns.map(([text, ...found]) => {
    const redacted = redact(
      text,
      found.map((value) => spanOf(text, value)),
      memory,
      { expiresAtMs },
    );
    memory = PlaceholderMemory.from(redacted.memory.entries(), redacted.memory.counters());
    return redacted.text;
  });
  return { texts, memory };
}

describe("redact", () => {
  it("replaces each span by a numbered placeholder of its type", () => {
    const text = "Ann wrote to bob@example.com";
    const spans = [spanOf(text, "Ann"), spanOf(text, "bob@example.com", "EMAIL_ADDRESS")];
    const redacted = redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs });
    expect(redacted.text).toBe("[PERSON_1] wrote to [EMAIL_ADDRESS_1]");
  });

  it("returns only the entries that this text brought", () => {
    const first = redact("Ann", [spanOf("Ann", "Ann")], PlaceholderMemory.empty(), { expiresAtMs: 1 });
    const text = "Ann and Zoltan";
    const second = redact(text, [spanOf(text, "Zoltan")], first.memory, { expiresAtMs: 2 });
    expect(second.placeholders).toEqual([
      { placeholder: "[PERSON_2]", type: "PERSON", value: "Zoltan", expiresAtMs: 2 },
    ]);
    expect(second.used).toEqual(["[PERSON_1]", "[PERSON_2]"]);
  });

  it("finds a person again in later turns in parts, in another case, possessive, with an initial", () => {
    const { texts } = converse(
      ["I am Maria Gonzalez", "Maria Gonzalez"],
      ["maria said so"],
      ["GONZALEZ's dog, Gonzalez\u2019s cat"],
      ["María  González"],
      ["ask M. Gonzalez", "M. Gonzalez"],
    );
    expect(texts).toEqual([
      "I am [PERSON_1]",
      "[PERSON_1.2] said so",
      "[PERSON_1.3]'s dog, [PERSON_1.4]\u2019s cat",
      "[PERSON_1.5]",
      "ask [PERSON_1.6]",
    ]);
  });

  it("keeps the full name with the person first known by a part of it", () => {
    const { texts } = converse(["maria called", "maria"], ["it was Maria Gonzalez", "Maria Gonzalez"]);
    expect(texts[1]).toBe("it was [PERSON_1.2]");
  });

  it("gives a part that two people share a subject of its own", () => {
    const { texts } = converse(
      ["Maria Gonzalez met Carlos Gonzalez", "Maria Gonzalez", "Carlos Gonzalez"],
      ["Gonzalez left"],
    );
    expect(texts).toEqual(["[PERSON_1] met [PERSON_2]", "[PERSON_3] left"]);
  });

  it("leaves an everyday word that is also a known name where it is not written as one", () => {
    const { texts } = converse(["Will is here", "Will"], ["when will Will come"]);
    expect(texts[1]).toBe("when will [PERSON_1] come");
  });

  it("finds a number again with other separators and invisible characters", () => {
    const text = "4111 1111 1111 1111";
    const first = redact(text, [spanOf(text, text, "CREDIT_CARD")], PlaceholderMemory.empty(), { expiresAtMs });
    const later = "card 4111-1111\u200b-11111111, or 4111111111111111";
    expect(redact(later, [], first.memory, { expiresAtMs }).text).toBe("card [CREDIT_CARD_1.2], or [CREDIT_CARD_1.3]");
  });

  it("finds the longest of values that begin alike, each with the signs it was written with", () => {
    const { texts } = converse(
      ["Anna Berg and Anna Berg Holm", "Anna Berg", "Anna Berg Holm"],
      ["Anna Berg Holm met Anna Berg, not Anna Bergen"],
    );
    expect(texts[1]).toMatch(/^\[PERSON_\S+ met \[PERSON_\S+, not \[PERSON_\S+ Bergen$/);
    const memory = PlaceholderMemory.from([
      { placeholder: "[URL_1]", type: "URL", value: "a.bb/cc", expiresAtMs },
      { placeholder: "[URL_2]", type: "URL", value: "a-bb.cc", expiresAtMs },
    ]);
    expect(redact("a-bb.cc a.bb/cc a.bb.cc", [], memory, { expiresAtMs }).text).toBe("[URL_2] [URL_1] a.bb.cc");
  });

  it("hides all of a value of more words than are compared at once, and of its first ones where it goes on otherwise", () => {
    const words = Array.from({ length: 100 }, (_, n) => `w${n}x`);
    const value = words.join(" ");
    const memory = PlaceholderMemory.from([{ placeholder: "[SECRET_1]", type: "SECRET", value, expiresAtMs }]);
    expect(redact(`see ${value} there`, [], memory, { expiresAtMs }).text).toBe("see [SECRET_1] there");
    const other = redact(`${words.slice(0, 80).join(" ")} there`, [], memory, { expiresAtMs });
    expect(other.text).toBe("[SECRET_2] there");
  });

  it("takes no longer than its length asks for many people of one name, who are all found again", () => {
    const people = Array.from(
      { length: 20_000 },
      (_, n) => `Maria Q${n.toString(26).replace(/\d/g, (d) => "stuvwxyzab"[Number(d)] ?? "")}q`,
    );
    const text = people.join(", ");
    let end = -2;
    const spans = people.map((name) => {
      const start = end + 2;
      end = start + name.length;
      return { start, end, type: "PERSON" };
    });
    const { memory } = redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs });
    expect(redact(text.toLowerCase(), [], memory, { expiresAtMs }).text).not.toContain("maria");
  });

  it("hides a placeholder that the user typed and restores it to what was typed", () => {
    const text = "Ann asks what [PERSON_1] and [PERSON_9] mean";
    const redacted = redact(text, [spanOf(text, "Ann")], PlaceholderMemory.empty(), { expiresAtMs });
    expect(redacted.text).toBe("[PERSON_1] asks what [LITERAL_1] and [LITERAL_2] mean");
    expect(reidentify(redacted.text, redacted.memory.entries())).toBe(text);
  });

  it("never uses a number again, even when its entries have expired", () => {
    const first = redact("Ann", [spanOf("Ann", "Ann")], PlaceholderMemory.empty(), { expiresAtMs });
    const afterExpiry = PlaceholderMemory.from([], first.memory.counters());
    expect(redact("Zoe", [spanOf("Zoe", "Zoe")], afterExpiry, { expiresAtMs }).text).toBe("[PERSON_2]");
  });

  it("never uses the number of a spelling again while its subject lives", () => {
    const { memory } = converse(["Maria Gonzalez", "Maria Gonzalez"], ["maria MARIA"]);
    const withoutLast = memory.entries().filter((entry) => entry.placeholder !== "[PERSON_1.3]");
    const partlyExpired = PlaceholderMemory.from(withoutLast, memory.counters());
    expect(redact("MARIA", [], partlyExpired, { expiresAtMs }).text).toBe("[PERSON_1.4]");
  });

  it("does not change the memory it was given", () => {
    const memory = PlaceholderMemory.empty();
    redact("Ann", [spanOf("Ann", "Ann")], memory, { expiresAtMs });
    expect(memory.entries()).toEqual([]);
  });

  it("makes one placeholder of overlapping spans", () => {
    const spans = [
      { start: 0, end: 8, type: "PERSON" },
      { start: 4, end: 20, type: "EMAIL_ADDRESS" },
    ];
    const redacted = redact("Ann ann@example.com!", spans, PlaceholderMemory.empty(), { expiresAtMs });
    expect(redacted.text).toBe("[EMAIL_ADDRESS_1]");
  });

  it.each([
    { start: -1, end: 2 },
    { start: 2, end: 2 },
    { start: 0, end: 4 },
    { start: 0.5, end: 2 },
  ])("refuses the span %j of a text of three characters", (span) => {
    const attempt = () => redact("Ann", [{ ...span, type: "PERSON" }], PlaceholderMemory.empty(), { expiresAtMs });
    expect(attempt).toThrow(expect.objectContaining({ code: "BAD_SPAN" }));
  });

  it("refuses stored entries that it did not write", () => {
    const entry = { placeholder: "PERSON_1", type: "PERSON", value: "Ann", expiresAtMs };
    expect(() => PlaceholderMemory.from([entry])).toThrow(expect.objectContaining({ code: "BAD_ENTRY" }));
  });
});

const piece = fc.oneof(
  fc.constantFrom(
    "Maria",
    "maria ",
    "GONZALEZ",
    "Gonzalez's ",
    "[PERSON_1]",
    "[LITERAL_1.2]",
    "[",
    "1]",
    "４１１１",
    "\u200b",
    "é",
    "田中",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const anyText = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const anyTurn = anyText.chain((text) =>
  fc
    .array(fc.tuple(fc.nat(text.length), fc.nat(text.length), fc.constantFrom("PERSON", "US_SSN", "URL")), {
      maxLength: 5,
    })
    .map((picks) => ({
      text,
      spans: picks.flatMap(([a, b, type]) => (a === b ? [] : [{ start: Math.min(a, b), end: Math.max(a, b), type }])),
    })),
);

describe("properties of redaction", () => {
  it("is undone exactly by reidentify, turn after turn, whatever the texts and spans", () => {
    fc.assert(
      fc.property(fc.array(anyTurn, { maxLength: 4 }), (turns) => {
        let memory = PlaceholderMemory.empty();
        for (const { text, spans } of turns) {
          const redacted = redact(text, spans, memory, { expiresAtMs });
          memory = PlaceholderMemory.from(redacted.memory.entries(), redacted.memory.counters());
          expect(reidentify(redacted.text, memory.entries())).toBe(text);
        }
      }),
    );
  });

  it("leaves nothing that its own leak scan finds", () => {
    fc.assert(
      fc.property(fc.array(anyTurn, { maxLength: 4 }), (turns) => {
        let memory = PlaceholderMemory.empty();
        for (const { text, spans } of turns) {
          const redacted = redact(text, spans, memory, { expiresAtMs });
          memory = redacted.memory;
          expect(leakScan(redacted.text, memory.entries())).toEqual([]);
        }
      }),
    );
  });

  it("gives every value its own placeholder", () => {
    fc.assert(
      fc.property(anyTurn, ({ text, spans }) => {
        const { memory } = redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs });
        const placeholders = memory.entries().map((entry) => entry.placeholder);
        expect(new Set(placeholders).size).toBe(placeholders.length);
      }),
    );
  });
});
