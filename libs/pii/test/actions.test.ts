import { describe, expect, it } from "@jest/globals";
import { type EntityAction, leakScan, PlaceholderMemory, redact, type Redacted } from "@cloister/pii";

const expiresAtMs = 1_800_000_000_000;
const hashKey = new Uint8Array(32).fill(5);

function redactBy(
  actions: Readonly<Record<string, EntityAction>>,
  text: string,
  found: readonly (readonly [type: string, value: string])[],
  memory = PlaceholderMemory.empty(),
  key = hashKey,
): Redacted {
  const spans = found.map(([type, value]) => {
    const start = text.indexOf(value);
    return { start, end: start + value.length, type };
  });
  return redact(text, spans, memory, { expiresAtMs, actions, hashKey: key });
}

describe("the action of a kind", () => {
  it("mask shows neither the value nor its length", () => {
    const { text } = redactBy({ PERSON: "mask" }, "Ann and Bartholomew", [
      ["PERSON", "Ann"],
      ["PERSON", "Bartholomew"],
    ]);
    expect(text).toBe("**** and ****");
  });

  it("withholds from readers what no placeholder stands for, and finds it again all the same", () => {
    const first = redactBy({ PERSON: "mask" }, "Ann Bright is here", [["PERSON", "Ann Bright"]]);
    expect([first.used, first.placeholders.map(({ isWithheld }) => isWithheld)]).toEqual([[], [true]]);
    const later = redactBy({ PERSON: "mask" }, "ask BRIGHT", [], first.memory);
    expect([later.text, leakScan("ask bright", first.memory.entries())]).toEqual(["ask ****", ["[PERSON_1]"]]);
  });

  it("hash is the same for two spellings of a value and differs between kinds and conversations", () => {
    const action = { PERSON: "hash", CITY: "hash" } as const;
    const one = redactBy(action, "Ann", [["PERSON", "Ann"]]).text;
    expect(one).toMatch(/^\[PERSON#[0-9a-f]{16}\]$/);
    expect(redactBy(action, "ANN", [["PERSON", "ANN"]]).text).toBe(one);
    expect(redactBy(action, "Ann", [["CITY", "Ann"]]).text.slice(-17)).not.toBe(one.slice(-17));
    const elsewhere = redactBy(action, "Ann", [["PERSON", "Ann"]], PlaceholderMemory.empty(), new Uint8Array(32));
    expect(elsewhere.text).not.toBe(one);
  });

  it("hash without a key of 32 bytes fails rather than tell a hash that anybody can make", () => {
    expect(() => redactBy({ PERSON: "hash" }, "Ann", [["PERSON", "Ann"]], undefined, new Uint8Array(16))).toThrow(
      RangeError,
    );
  });

  it.each([
    ["DATE_TIME", "7 July 1977", "1977"],
    ["DATE_TIME", "1988-11-30", "1988"],
    ["DATE_TIME", "14.02.61", "[DATE_TIME_1]"],
    ["DATE_TIME", "3 May 1999 to 2 June 2001", "[DATE_TIME_1]"],
    ["AGE", "47", "40-49"],
    ["AGE", "9", "0-9"],
    ["AGE", "89", "80-89"],
    ["AGE", "90", "90 or older"],
    ["AGE", "104 years", "90 or older"],
    ["AGE", "forty", "[AGE_1]"],
    ["PERSON", "Ann", "[PERSON_1]"],
  ])("generalize makes of %s %s %s", (type, value, expected) => {
    expect(redactBy({ [type]: "generalize" }, value, [[type, value]]).text).toBe(expected);
  });

  it("generalize leaves a value that is general already, and remembers nothing of it", () => {
    const { text, placeholders } = redactBy({ DATE_TIME: "generalize" }, "in 1977", [["DATE_TIME", "1977"]]);
    expect([text, placeholders]).toEqual(["in 1977", []]);
  });

  it("refuse stops the text and names the kind only", () => {
    const refusing = () => redactBy({ US_SSN: "refuse" }, "ssn 219-09-9999", [["US_SSN", "219-09-9999"]]);
    expect(refusing).toThrow(expect.objectContaining({ code: "REFUSED_ENTITY" }));
    expect(refusing).toThrow(/^(?!.*219).*US_SSN/);
  });

  it("gives a value that was masked a placeholder of its own once readers may have it", () => {
    const masked = redactBy({ PERSON: "mask" }, "Ann", [["PERSON", "Ann"]]);
    const stored = PlaceholderMemory.from(masked.memory.entries(), masked.memory.counters());
    const shown = redactBy({}, "Ann", [["PERSON", "Ann"]], stored);
    expect([shown.text, shown.placeholders]).toEqual([
      "[PERSON_1.2]",
      [{ placeholder: "[PERSON_1.2]", type: "PERSON", value: "Ann", expiresAtMs }],
    ]);
  });
});
