import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readLabel } from "../src/labels.ts";
import { readNamesModel } from "../src/model-folder.ts";
import { openTokenizer } from "../src/open-token-classifier.ts";
import { type Inference, TokenClassifier } from "../src/token-classifier.ts";
import { windowsOf } from "../src/windows.ts";
import { wordsOf } from "../src/words.ts";

/** The folder that make-tiny-model.py wrote: a table of tokens for a network. */
const tinyModel = fileURLToPath(new URL("tiny-model", import.meta.url));
const files = await readNamesModel(tinyModel);
const tokens = openTokenizer(files.tokenizer, files.tokenizerConfig);
const labelNames = ["O", "B-PER", "I-PER", "B-LOC"];
const labels = labelNames.map(readLabel);
const never = new AbortController().signal;

/** The number of a token decides, as in the table of the tiny model; every window that is read is noted. */
class TableInference implements Inference {
  readonly windows: (readonly number[])[] = [];
  readonly #certainty: number;

  constructor(certainty = 4) {
    this.#certainty = certainty;
  }

  async run(ids: readonly number[]): Promise<Float32Array> {
    this.windows.push(ids);
    const logits = new Float32Array(ids.length * labels.length);
    for (const [at, id] of ids.entries()) logits[at * labels.length + this.#labelOf(id)] = this.#certainty;
    return logits;
  }

  #labelOf(id: number): number {
    return [...tokens.idsOf("Zorblax"), ...tokens.idsOf("Quen"), ...tokens.idsOf("Vrillheim")].indexOf(id) + 1;
  }
}

function classifierOf(inference: Inference, windowTokens = 64): TokenClassifier {
  return new TokenClassifier({ inference, tokens, labels, windowTokens });
}

async function found(text: string, inference: Inference = new TableInference()): Promise<string[]> {
  const spans = await classifierOf(inference).find(text, never);
  return spans.map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

describe("a token classifier", () => {
  it.each([
    ["Zorblax Quentor met a man in Vrillheim.", ["PERSON Zorblax Quentor", "LOCATION Vrillheim"]],
    ["\u{1F600}\u{1F600} (ZORBLAX)", ["PERSON ZORBLAX"]],
    ["漢字Zorblax漢字", ["PERSON Zorblax"]],
    ["Zorblax\n\tQuen, Quen", ["PERSON Zorblax\n\tQuen", "PERSON Quen"]],
    ["Zorblax Zorblax Vrillheim Quen", ["PERSON Zorblax", "PERSON Zorblax", "LOCATION Vrillheim", "PERSON Quen"]],
    ["[CLS] a [SEP] met", []],
    ["", []],
  ])("gives places in the text for %j", async (text, expected) => {
    expect(await found(text)).toEqual(expected);
  });

  it("gives no label to a word of a script that the model doesn't read", async () => {
    const parts = {
      inference: new TableInference(),
      tokens,
      labels,
      windowTokens: 64,
      unreadable: /(?!\p{sc=Latin})\p{L}/u,
    };
    const spans = await new TokenClassifier(parts).find("Zorblax, \u0417Zorblax, Quen", never);
    expect(spans.map(({ start }) => start)).toEqual([0, 19]);
  });

  it("says how sure the model is, and never that it is certain", async () => {
    const [unsure] = await classifierOf(new TableInference(1)).find("Zorblax", never);
    const [sure] = await classifierOf(new TableInference(90)).find("Zorblax", never);
    expect(unsure?.score).toBeCloseTo(Math.E / (Math.E + 3), 5);
    expect(sure?.score).toBe(0.99);
  });

  it("finds the same wherever a long text is cut", async () => {
    const words = fc.array(fc.constantFrom("Zorblax", "Quentor", "Vrillheim", "met", ",", "x9"), { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(words, fc.integer({ min: 18, max: 40 }), async (list, windowTokens) => {
        const text = list.join(" ");
        const whole = await classifierOf(new TableInference(), 10_000).find(text, never);
        expect(await classifierOf(new TableInference(), windowTokens).find(text, never)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("reads no more tokens at once than the model takes, in the frame it was trained with", async () => {
    const inference = new TableInference();
    await classifierOf(inference, 20).find("Zorblax met a Quentor. ".repeat(40), never);
    expect(inference.windows.every((ids) => ids.length <= 20 && ids[0] === 2 && ids.at(-1) === 3)).toBe(true);
  });

  it("refuses a text of more tokens than it reads", async () => {
    const refused = classifierOf(new TableInference()).find("a ".repeat(65_537), never);
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "TEXT_TOO_LONG" }));
  });

  it("refuses a text that it has no time for", async () => {
    const refused = classifierOf(new TableInference()).find("Zorblax", AbortSignal.abort());
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "TEXT_TOO_LONG" }));
  });

  it("takes no answer without numbers for a clean text", async () => {
    const broken: Inference = { run: async (ids) => new Float32Array(ids.length * labels.length).fill(Number.NaN) };
    await expect(classifierOf(broken).find("Zorblax", never)).rejects.toThrow(TypeError);
  });
});

describe("a tokenizer", () => {
  const byteLevel = {
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: { a: 0, b: 1, "\u0120": 2, "\u0120a": 3, "\u00c3": 4, "\u00a9": 5, "(": 6, ")": 7 },
      merges: ["\u0120 a"],
    },
  };

  it("of byte pairs sees a space where one stands before the word", () => {
    const { idsOf, before, after } = openTokenizer(byteLevel, {});
    expect(wordsOf("ab (a) \u00e9").map(({ piece }) => idsOf(piece))).toEqual([[3, 1], [2, 6], [0], [7], [2, 4, 5]]);
    expect([before, after]).toEqual([[], []]);
  });

  it("that frames a text is understood", () => {
    expect([tokens.before, tokens.after]).toEqual([[2], [3]]);
  });

  it("that can't be opened is refused", () => {
    expect(() => openTokenizer({}, {})).toThrow(expect.objectContaining({ code: "BAD_MODEL" }));
  });
});

describe("labels", () => {
  it.each([
    ["B-PER", { type: "PERSON", continues: false }],
    ["I-LOC", { type: "LOCATION", continues: true }],
    ["L-ORG", { type: "ORGANIZATION", continues: true }],
    ["U-PERSON", { type: "PERSON", continues: false }],
    ["S-GPE", { type: "LOCATION", continues: false }],
    ["b_organization", { type: "ORGANIZATION", continues: false }],
    ["PER", { type: "PERSON", continues: true }],
    ["I-EMAIL_ADDRESS", { type: "EMAIL_ADDRESS", continues: true }],
    ["O", undefined],
    ["B-MISC", undefined],
    ["LABEL_0", undefined],
    ["B-CONSTRUCTOR", undefined],
    ["constructor", undefined],
  ])("of the kind %s are read", (label, expected) => {
    expect(readLabel(label)).toEqual(expected);
  });
});

describe("words", () => {
  it("cover everything but spaces, in order, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const words = wordsOf(text);
        let rest = "";
        let end = 0;
        for (const word of words) {
          rest += text.slice(end, word.start);
          end = word.end;
        }
        expect(`${rest}${text.slice(end)}`.trim()).toBe("");
        expect(words.map(({ piece }) => piece.trimStart())).toEqual(words.map((at) => text.slice(at.start, at.end)));
      }),
    );
  });
});

describe("windows", () => {
  it("keep each word once, and are never over their size", () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 16 }), { maxLength: 300 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 16, max: 80 }), (list, most) => {
        const windows = windowsOf(list, most, most >> 2);
        const kept = windows.flatMap(({ keptFrom, keptTo }) => list.slice(keptFrom, keptTo));
        const sizes = windows.map(({ from, to }) => list.slice(from, to).reduce((sum, length) => sum + length, 0));
        expect(kept).toEqual(list);
        expect(sizes.every((size) => size <= most)).toBe(true);
        expect(windows.every((at) => at.from <= at.keptFrom && at.keptTo <= at.to)).toBe(true);
      }),
    );
  });
});
