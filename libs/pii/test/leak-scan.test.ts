import { describe, expect, it } from "@jest/globals";
import { leakScan, type MapEntry } from "@cloister/pii";

function entry(placeholder: string, type: string, value: string): MapEntry {
  return { placeholder, type, value, expiresAtMs: 1 };
}

const entries = [
  entry("[PERSON_1]", "PERSON", "Maria van der Berg"),
  entry("[PERSON_2]", "PERSON", "Will"),
  entry("[CREDIT_CARD_1]", "CREDIT_CARD", "4111 1111 1111 1111"),
  entry("[EMAIL_ADDRESS_1]", "EMAIL_ADDRESS", "Bob@Example.com"),
  entry("[PERSON_3]", "PERSON", "田中"),
  entry("[LITERAL_1]", "LITERAL", "[PERSON_1]"),
];

describe("leakScan", () => {
  it.each([
    ["as typed", "is Maria van der Berg here", "[PERSON_1]"],
    ["in another case, with marks", "MARÍA VAN DER BERG", "[PERSON_1]"],
    ["in part", "ask maria", "[PERSON_1]"],
    ["over two lines", "maria\nvan der\nberg", "[PERSON_1]"],
    ["behind invisible characters", "ma\u200bria", "[PERSON_1]"],
    ["in full-width letters", "\uff4d\uff41\uff52\uff49\uff41", "[PERSON_1]"],
    ["with other separators", "4111-1111-11111111", "[CREDIT_CARD_1]"],
    ["in another case", "bob@example.com", "[EMAIL_ADDRESS_1]"],
    ["in a script without spaces", "私は田中です", "[PERSON_3]"],
    ["as a name that is also a word", "Will is here", "[PERSON_2]"],
  ])("finds a value that is left %s", (_how, text, placeholder) => {
    expect(leakScan(`before ${text} after`, entries)).toEqual([placeholder]);
  });

  it.each([
    ["placeholders", "[PERSON_1] and [LITERAL_1] and [CREDIT_CARD_1]"],
    ["a word that holds a name", "marian bergs willing"],
    ["a name that is also a word, as the word", "he will come"],
    ["particles of a name", "der van"],
    ["parts of a number", "4111 1111"],
    ["the words of an address with other signs between them", "bob at example, com"],
  ])("does not mind %s", (_what, text) => {
    expect(leakScan(text, entries)).toEqual([]);
  });

  it("does not read words on both sides of a placeholder as neighbours", () => {
    const twoWords = [entry("[LOCATION_1]", "LOCATION", "New York")];
    expect(leakScan("New [PERSON_1] York", twoWords)).toEqual([]);
  });
});
