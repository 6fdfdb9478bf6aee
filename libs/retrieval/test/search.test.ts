import { describe, expect, it } from "@jest/globals";
import { quantized } from "../src/embedding/quantized.ts";
import { staticEmbedder } from "../src/embedding/static-model.ts";
import { SearchIndex, type Searchable } from "../src/search/search-index.ts";
import { defaultSearchLimits, search } from "../src/search/search.ts";

const library = [
  { title: "Refunds", text: "A refund is paid back to the card within five working days." },
  { title: "Lost cards", text: "Freeze a lost card in the app at once, then order a new one." },
  { title: "Transfers", text: "A transfer abroad arrives after two working days and costs 3 EUR." },
  { title: "Öffnungszeiten", text: "Die Filiale in Zürich ist von neun bis fünf geöffnet." },
];

function titles(question: string, context?: string): string[] {
  const query = context === undefined ? { question } : { question, context };
  return search(query, [new SearchIndex(library)]).map((hit) => hit.item.title);
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
    expect(search({ question: "Bank!" }, [new SearchIndex(about)])).toEqual([]);
  });

  it("finds nothing for words without meaning", () => {
    expect(titles("What is it?")).toEqual([]);
  });

  it("understands a follow-up by what came before", () => {
    expect(titles("How long does it take?", "Can I get a refund?")[0]).toBe("Refunds");
  });

  it("finds nothing in nothing", () => {
    expect(search({ question: "refund" }, [])).toEqual([]);
    expect(search({ question: "refund" }, [new SearchIndex()])).toEqual([]);
  });

  it("gives no more hits than asked for", () => {
    const many = Array.from({ length: 60 }, (_, n) => ({ title: "", text: n % 4 === 0 ? "A refund." : "A card." }));
    expect(search({ question: "refund" }, [new SearchIndex(many)])).toHaveLength(8);
  });
});

describe("searching by words and vectors", () => {
  const embedder = staticEmbedder();
  async function withVectors(texts: readonly { title: string; text: string }[]): Promise<Searchable[]> {
    const vectors = await embedder.embed(texts.map(({ text }) => text));
    return texts.map((item, n) => ({ ...item, vector: quantized(vectors[n] ?? new Float32Array()) }));
  }
  const short = [
    { title: "Stolen cards", text: "Freeze a stolen card at once." },
    { title: "Transfers", text: "A transfer abroad costs 3 EUR." },
    { title: "Branches", text: "The branch opens at nine." },
  ];
  async function found(question: string, minCosine: number): Promise<string[]> {
    const limits = { maxHits: 8, minCoverage: 0.34, minCosine };
    const [vector = new Float32Array()] = await embedder.embed([question]);
    const index = new SearchIndex(await withVectors(short));
    return search({ question, vector }, [index], limits).map(({ item }) => item.title);
  }

  it("finds a text that shares no word with the question", async () => {
    expect(titles("thieves robbed me")).toEqual([]);
    expect((await found("thieves robbed me", 0.2))[0]).toBe("Stolen cards");
  });

  it("finds a text in spite of a typing error in every word", async () => {
    expect((await found("trasnfer abrod", 0.65))[0]).toBe("Transfers");
  });

  it("finds nothing for a question about something else", async () => {
    expect(await found("Who won the football world championship?", 0.65)).toEqual([]);
  });

  it("gives the same as one index when the items lie in several", async () => {
    const items = await withVectors(library);
    const [vector = new Float32Array()] = await embedder.embed(["When is a refund paid to a card?"]);
    const query = { question: "When is a refund paid to a card?", vector };
    const limits = { maxHits: 4, minCoverage: 0, minCosine: -1 };
    const apart = items.map((item) => new SearchIndex([item]));
    expect(search(query, apart, limits)).toEqual(search(query, [new SearchIndex(items)], limits));
  });

  it("leaves out what the caller doesn't accept", async () => {
    const index = new SearchIndex(await withVectors(library));
    const accepts = ({ title }: Searchable): boolean => title !== "Refunds";
    const hits = search({ question: "When is a refund paid?" }, [index], { ...defaultSearchLimits, accepts });
    expect(hits.map(({ item }) => item.title)).not.toContain("Refunds");
  });

  it("passes over vectors of another dimension", () => {
    const index = new SearchIndex([{ title: "", text: "A refund.", vector: Int8Array.of(1, 2) }]);
    const limits = { maxHits: 1, minCoverage: 0, minCosine: -1 };
    expect(search({ question: "refund", vector: Float32Array.of(1) }, [index], limits)).toMatchObject([{ cosine: 0 }]);
  });
});

describe("a search index", () => {
  it("knows nothing any more once it was cleared, and zeroes its vectors", () => {
    const vector = Int8Array.of(1, 2);
    const index = new SearchIndex([{ title: "", text: "A refund.", vector }]);
    expect(index.bytes).toBeGreaterThan(0);
    index.clear();
    expect([index.size, index.bytes, [...vector]]).toEqual([0, 0, [0, 0]]);
    expect(search({ question: "refund" }, [index])).toEqual([]);
  });
});
