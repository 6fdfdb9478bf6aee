import { describe, expect, it } from "@jest/globals";
import { searchTerms } from "../src/words/search-terms.ts";
import { searchWords } from "../src/words/word-search.ts";

describe("search terms", () => {
  it("drop case, diacritics, endings and stop words", () => {
    expect(searchTerms("What are the Café's REFUNDS?")).toEqual(["cafe", "refund"]);
  });

  it("keep a placeholder in one piece", () => {
    expect(searchTerms("Call [PHONE_NUMBER_1], please")).toEqual(["call", "[phone_number_1]"]);
  });

  it("are the same for both spellings of one person", () => {
    expect(searchTerms("[PERSON_1.2]")).toEqual(searchTerms("[PERSON_1]"));
  });

  it("find the words of a script without spaces", () => {
    expect(searchTerms("東京の天気").length).toBeGreaterThan(1);
  });

  it("keep numbers", () => {
    expect(searchTerms("within 14 days")).toEqual(["within", "14", "dai"]);
  });
});

const library = [
  { title: "Refunds", text: "A refund is paid back to the card within five working days." },
  { title: "Lost cards", text: "Freeze a lost card in the app at once, then order a new one." },
  { title: "Transfers", text: "A transfer abroad arrives after two working days and costs 3 EUR." },
  { title: "Öffnungszeiten", text: "Die Filiale in Zürich ist von neun bis fünf geöffnet." },
];

function titles(question: string, context?: string): string[] {
  const query = context === undefined ? { question } : { question, context };
  return searchWords(query, library).map((hit) => hit.item.title);
}

describe("searching by words", () => {
  it("puts the text that answers first", () => {
    expect(titles("How long does a refund take?")[0]).toBe("Refunds");
  });

  it("finds a word in another form", () => {
    expect(titles("I was transferring money abroad")[0]).toBe("Transfers");
  });

  it("finds a word typed without its diacritics", () => {
    expect(titles("Filiale Zurich geoffnet")).toEqual(["Öffnungszeiten"]);
  });

  it("finds nothing for a question about something else", () => {
    expect(titles("Who won the football world championship?")).toEqual([]);
  });

  it("finds nothing for one common word among others that are missing", () => {
    expect(titles("Which airline lounge accepts the black platinum card")).toEqual([]);
  });

  it("finds what one sentence of a long message asks for", () => {
    const message =
      "Hello, my name is [PERSON_1] and I live in [LOCATION_1] with two cats. How do I get a refund? Regards, [PERSON_1]";
    expect(titles(message)).toEqual(["Refunds"]);
  });

  it("finds nothing by a word that most texts share", () => {
    const about = Array.from({ length: 40 }, (_, n) => ({ title: "", text: `The bank explains matter ${String(n)}.` }));
    expect(searchWords({ question: "Bank!" }, about)).toEqual([]);
  });

  it("finds nothing for words without meaning", () => {
    expect(titles("What is it?")).toEqual([]);
  });

  it("understands a follow-up by what came before", () => {
    expect(titles("How long does it take?", "Can I get a refund?")[0]).toBe("Refunds");
  });

  it("finds nothing in nothing", () => {
    expect(searchWords({ question: "refund" }, [])).toEqual([]);
  });

  it("gives no more hits than asked for", () => {
    const many = Array.from({ length: 60 }, (_, n) => ({ title: "", text: n % 4 === 0 ? "A refund." : "A card." }));
    expect(searchWords({ question: "refund" }, many)).toHaveLength(8);
  });
});
