import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isOneEditAway, SimilarWords } from "../src/embedding/similar-words.ts";
import { staticEmbedder, staticModel } from "../src/embedding/static-model.ts";
import { packWordVectors, unpackWordVectors } from "../src/embedding/word-vectors.ts";
import { wordsOfText } from "../src/embedding/words-of-text.ts";

const embedder = staticEmbedder();

async function cosine(one: string, other: string): Promise<number> {
  const [a = new Float32Array(), b = new Float32Array()] = await embedder.embed([one, other]);
  return a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
}

describe("the static embedder", () => {
  it("gives vectors of length 1 and its dimension", async () => {
    const [vector] = await embedder.embed(["When does my card arrive?"]);
    expect(embedder.model).toEqual({ name: staticModel.name, dimension: 160 });
    expect(vector).toHaveLength(160);
    expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 5);
  });

  it("puts texts of one meaning nearer than others, without a word in common", async () => {
    const near = await cosine("My debit card was stolen", "A thief took the bank cards");
    expect(near).toBeGreaterThan(await cosine("My debit card was stolen", "The weather is sunny today"));
  });

  it.each(["trasnfer", "transfr", "transferr", "trznsfer"])("takes %s for transfer", async (typed) => {
    expect(await cosine(typed, "transfer")).toBeGreaterThan(0.99);
  });

  it("takes an unknown form of a word for the word's own", async () => {
    expect(await cosine("unverifiable identities", "verify identity")).toBeGreaterThan(
      await cosine("unverifiable identities", "sunny weather"),
    );
  });

  it("gives the same vector for the same text, whatever came before", async () => {
    const text = "Why was my toppup reverted?";
    const [before] = await embedder.embed([text]);
    await embedder.embed(["Something else entirely", "qwrtzx"]);
    expect((await embedder.embed(["", text]))[1]).toEqual(before);
  });

  it.each(["", "?!", "東京の天気", "12345678"])("gives zeros for %j, which it knows nothing of", async (text) => {
    expect((await embedder.embed([text]))[0]?.every((value) => value === 0)).toBe(true);
  });

  it("takes any text at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), async (text) => {
        const [vector = new Float32Array()] = await embedder.embed([text]);
        expect([0, 1]).toContain(Math.round(Math.hypot(...vector)));
      }),
    );
  });
});

describe("the words of a text", () => {
  it("are plain, and a placeholder's are those of its kind", () => {
    expect(wordsOfText("Zoë’s card: [PHONE_NUMBER_1], [PERSON_1.2]?")).toEqual([
      "zoe's",
      "card",
      "phone",
      "number",
      "person",
    ]);
  });
});

describe("one edit", () => {
  it.each([
    ["card", "crad", true],
    ["card", "cards", true],
    ["card", "ard", true],
    ["card", "cart", true],
    ["card", "cord", true],
    ["card", "acdr", false],
    ["card", "ca", false],
    ["card", "crda", false],
  ])("between %s and %s: %s", (one, other, expected) => {
    expect([isOneEditAway(one, other), isOneEditAway(other, one)]).toEqual([expected, expected]);
  });
});

describe("similar words", () => {
  it("prefer the more frequent of two that are as near", () => {
    expect(new SimilarWords(["cards", "carts"]).find("carks")).toMatchObject([{ row: 0 }]);
  });

  it("are none for what looks like nothing known, and for what is too short or too long", () => {
    const words = new SimilarWords(["transfer", "card"]);
    expect([words.find("qqqqqq"), words.find("crd"), words.find("x".repeat(10_000))]).toEqual([[], [], []]);
  });
});

describe("packed word vectors", () => {
  const packed = packWordVectors({ words: ["a", "bé"], dimension: 2, vectors: Float32Array.of(1, -0.5, 0, 0) });

  it("come back with 8 bits a number", () => {
    const { words, dimension, scales, values } = unpackWordVectors(packed);
    expect([words, dimension]).toEqual([["a", "bé"], 2]);
    expect([...values].map((value, n) => value * (scales[n >> 1] ?? 0))).toEqual([
      expect.closeTo(1),
      expect.closeTo(-0.5, 2),
      0,
      0,
    ]);
  });

  it("are refused when they are cut or longer", () => {
    expect(() => unpackWordVectors(packed.subarray(0, -1))).toThrow(RangeError);
    expect(() => unpackWordVectors(Buffer.concat([packed, Buffer.alloc(1)]))).toThrow(RangeError);
  });
});
