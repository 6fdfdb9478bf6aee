import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createDetector, leakScan, normalize, PlaceholderMemory, redact } from "@cloister/pii";

const detector = createDetector({ names: false });

function found(text: string): string[] {
  return detector.detect(text).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

describe("addresses that are spelt out", () => {
  it.each([
    "maria dot gonzalez at example dot com",
    "maria.gonzalez [at] example [dot] com",
    "maria (at) example.co.uk",
    "maria_g AT mail DOT example DOT org",
    "maria @ example . com",
    "maria_at_example_dot_com",
    "m a r i a @ e x a m p l e . c o m",
    "maria%40example.com",
    "maria&#64;example.com",
    "maria&#46;g&#64;example&#46;com",
    "maria underscore g arroba example punto es",
    "m\u0430ria@ex\u0430mple.com",
    "\u0441\u043e\u0441\u043e@example.com",
  ])("are found whole in %j", (address) => {
    expect(found(`write to ${address}, please`)).toEqual([`EMAIL_ADDRESS ${address}`]);
  });

  it.each([
    "We meet at noon. Come on time.",
    "visit us at example dot com",
    "he looked at dot com shares",
    "I tried 5 times at this point to complete it",
    "Look at Node.js 24 at work",
    "it was @ 5 . then we left",
  ])("are not seen in %j", (text) => {
    expect(found(text).filter((span) => span.startsWith("EMAIL"))).toEqual([]);
  });
});

describe("numbers that are taken apart", () => {
  const card = "CREDIT_CARD";
  it.each([
    [card, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"],
    [card, "4111\n1111\n1111\n1111"],
    [card, "4111 - 1111 - 1111 - 1111"],
    [card, "4111.1111.1111.1111"],
    [card, "4111_1111_1111_1111"],
    [card, "4111,1111,1111,1111"],
    [card, "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1"],
    [card, "four one one one, one one one one, one one one one, one one one one"],
    [card, "four triple one double one double one double one double one double one double one"],
    [card, "4l11 llll 1111 1111".replace("llll", "1l1l")],
    [card, "41\u200b11 11\u202e11 1111 1111"],
    ["US_SSN", "5 3 6 - 9 0 - 4 3 9 9"],
    ["US_SSN", "536 - 90 - 4399"],
    ["US_SSN", "536/90/4399"],
    ["US_SSN", "536-90 4399"],
    [card, "4\ufe0f\u20e31\ufe0f\u20e311 1111 1111 1111"],
    ["IBAN_CODE", "DE89\n3704\n0044\n0532\n0130\n00"],
    ["IBAN_CODE", "DE89.3704.0044.0532.0130.00"],
    ["IP_ADDRESS", "192[.]168[.]1[.]77"],
    ["IP_ADDRESS", "192 dot 168 dot 1 dot 77"],
    ["URL", "hxxps://people[.]example[.]com/maria"],
    ["PHONE_NUMBER", "(four one five) five five five two six seven one"],
    ["US_SSN", "five three six dash nine zero dash four three nine nine"],
    ["PHONE_NUMBER", "four one five, five five five, two six seven one"],
    ["PHONE_NUMBER", "plus four nine three zero nine zero one eight two zero"],
    ["US_SSN", "fünf drei sechs neun null vier drei neun neun"],
  ])("are found as %s in %j", (type, value) => {
    const words = type === "US_SSN" ? "my ssn is" : "call me, my number is";
    expect(found(`${words} ${value} thanks`)).toEqual([`${type} ${value}`]);
  });

  it.each([
    "one two three four, one two three four",
    "1 2 3 4 5 6 7 8 9 10",
    "scores: 21 - 15, 18 - 21, 11 - 9",
    "10\n20\n30\n40\n50",
    "pages 100 - 120 - 140",
    "chapters 1. 2. 3. 4. follow",
    "(a) one (b) two (c) three (d) four (e) five",
    "one of two, three or four: five",
  ])("are not seen in %j", (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe("look-alike letters", () => {
  it.each([
    ["\u0440\u0430ssw\u043erd", "password"],
    ["D\u041589 3704", "DE89 3704"],
    ["\u041c\u0430ria", "Maria"],
    ["\u043e\u043d \u0440\u043e\u0441", "\u043e\u043d \u0440\u043e\u0441"],
    [
      "e-mail-\u0440\u0430\u0441\u0441\u044b\u043b\u043a\u0430",
      "e-mail-\u0440\u0430\u0441\u0441\u044b\u043b\u043a\u0430",
    ],
    ["\u039b\u0395\u039c\u0395\u03a3\u039f\u03a3", "\u039b\u0395\u039c\u0395\u03a3\u039f\u03a3"],
  ])("in %j are read as %j", (text, expected) => {
    expect(normalize(text).text).toBe(expected);
  });
});

describe("values that are known", () => {
  const memoryOf = (text: string): PlaceholderMemory =>
    redact(text, detector.detect(text), PlaceholderMemory.empty(), { expiresAtMs: 1 }).memory;

  it.each([
    ["4111 1111 1111 1111", "four one one one one one one one one one one one one one one one"],
    ["four one one one one one one one one one one one one one one one", "4111-1111-1111-1111"],
    ["bob@example.com", "bob at example dot com"],
    ["bob (at) example.com", "BOB@EXAMPLE.COM"],
  ])("are seen by the leak scan: %j as %j", (value, again) => {
    expect(leakScan(`still ${again} here`, memoryOf(`it is ${value} now`).entries())).toHaveLength(1);
  });

  it("keep their number however they are written", () => {
    const memory = memoryOf("mail bob@example.com");
    const text = "mail bob at example dot com";
    expect(redact(text, detector.detect(text), memory, { expiresAtMs: 1 }).text).toBe("mail [EMAIL_ADDRESS_1.2]");
  });
});

describe("whatever the text", () => {
  const piece = fc.constantFrom(
    ..."4111|1111 |1 |one |two |double |dash |at |dot |com|bob |@ | [at] |.|,|-|\n|l1|O|\u0430|a|\u200b|é| |%40|my number is ".split(
      "|",
    ),
  );
  const anyText = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

  it("spans lie inside of it, in order, and redaction leaves nothing that its scan finds", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const spans = detector.detect(text);
        let last = 0;
        for (const { start, end } of spans) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(text.length);
        const { text: redacted, memory } = redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs: 1 });
        expect(leakScan(redacted, memory.entries())).toEqual([]);
      }),
    );
  });
});
