import { type ExplainedSpan, PiiError } from "@cloister/pii";
import type { Label } from "./labels.ts";
import { type LabelledWord, spansOfLabels } from "./label-spans.ts";
import { noShape } from "./word-shape.ts";
import { windowsOf, type WordWindow } from "./windows.ts";
import { type Word, wordsOf } from "./words.ts";

/** A network that gives each token a number for each label. */
export interface Inference {
  /**
   * `shapes` says of each token how its word is written (word-shape.ts).
   * @returns one number a label for each token, token by token: ids.length × labels
   */
  run(ids: readonly number[], shapes: readonly number[]): Promise<Float32Array>;
}

/** Reads pieces of text as a model's tokens, and frames them as the model was trained to see them. */
export interface TokenReader {
  idsOf(piece: string): readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface ClassifierParts {
  readonly inference: Inference;
  readonly tokens: TokenReader;
  /** By the number of the label. */
  readonly labels: readonly (Label | undefined)[];
  /** As many tokens as the model reads at once, the frame included. */
  readonly windowTokens: number;
  /** A letter that makes a word one of another script than the model reads: it gets no label. */
  readonly unreadable?: RegExp;
}

/** Of one text: about 250,000 characters of English. */
const mostTokens = 65_536;
/** The first token of a word decides; the rest are there for its neighbours. */
const mostTokensOfWord = 16;

/** Finds what a token classifier was trained to find. It holds no state between texts. */
export class TokenClassifier {
  readonly #parts: ClassifierParts;

  constructor(parts: ClassifierParts) {
    this.#parts = parts;
  }

  /**
   * Spans with offsets into the text given, in order.
   * @throws PiiError TEXT_TOO_LONG for a text of more tokens than are read, or once `deadline` has passed
   */
  async find(text: string, deadline: AbortSignal): Promise<ExplainedSpan[]> {
    const words = wordsOf(text);
    const ids = this.#idsOf(words);
    const { before, after } = this.#parts.tokens;
    const room = this.#parts.windowTokens - before.length - after.length;
    const lengths = ids.map(({ length }) => length);
    const found: LabelledWord[] = [];
    for (const window of windowsOf(lengths, room, room >> 2)) {
      if (deadline.aborted) throw beyond("The names model takes longer over it than a text may take");
      found.push(...(await this.#read(words, ids, window)));
    }
    return spansOfLabels(found);
  }

  /** A word without tokens, such as a lone mark, keeps its place with none. */
  #idsOf(words: readonly Word[]): (readonly number[])[] {
    let tokens = 0;
    return words.map(({ piece }) => {
      const ids = this.#parts.tokens.idsOf(piece).slice(0, mostTokensOfWord);
      tokens += ids.length;
      if (tokens > mostTokens) throw beyond(`It has more than ${mostTokens} of the names model's tokens`);
      return ids;
    });
  }

  async #read(
    words: readonly Word[],
    ids: readonly (readonly number[])[],
    window: WordWindow,
  ): Promise<LabelledWord[]> {
    const { inference, tokens, labels, unreadable } = this.#parts;
    const { before, after } = tokens;
    const inside = ids.slice(window.from, window.to);
    const shapes = inside.flatMap((own, at) => own.map(() => words[window.from + at]?.shape ?? noShape));
    const logits = await inference.run(
      [...before, ...inside.flat(), ...after],
      [...before.map(() => noShape), ...shapes, ...after.map(() => noShape)],
    );
    const labelled: LabelledWord[] = [];
    let token = before.length;
    for (let at = window.from; at < window.to; at++) {
      const word = words[at];
      const length = ids[at]?.length ?? 0;
      if (word !== undefined && at >= window.keptFrom && at < window.keptTo) {
        const row = logits.subarray(token * labels.length, (token + 1) * labels.length);
        labelled.push(
          length === 0 || unreadable?.test(word.piece) === true
            ? { word, label: undefined, score: 0 }
            : { word, ...this.#likeliest(row) },
        );
      }
      token += length;
    }
    return labelled;
  }

  #likeliest(row: Float32Array): { label: Label | undefined; score: number } {
    const highest = Math.max(...row);
    const score = 1 / row.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
    // A network that answers with anything but numbers finds nothing and says so: this must not pass for a clean text.
    if (!(score > 0)) throw new TypeError("The names model answered with something else than numbers.");
    return { label: this.#parts.labels[row.indexOf(highest)], score };
  }
}

function beyond(reason: string): PiiError {
  return new PiiError("TEXT_TOO_LONG", `${reason}: cut the text into parts`);
}
