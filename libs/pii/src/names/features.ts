import { hashPart, hashText, mix } from "./hash.ts";
import type { Lexicon } from "./lexicon.ts";
import type { Token } from "./tokenize.ts";
import { noCluster } from "./word-clusters.ts";

/** What is known of a token before any tag is given; hashes, so that joining two features is arithmetic. */
export interface TokenFacts {
  /** Counts the different tokens of a text: those of one id are alike. */
  readonly id: number;
  readonly word: number;
  readonly shape: number;
  readonly traits: number;
  readonly kind: number;
  readonly suffix2: number;
  readonly suffix3: number;
  readonly suffix4: number;
  readonly prefix2: number;
  readonly prefix3: number;
  readonly startsLine: number;
  /** The groups of words of like meaning that it belongs to, a narrow and a wide one. */
  readonly fine: number;
  readonly coarse: number;
  /** Two letters at least: what a name has somewhere in it. */
  readonly isWord: boolean;
  /** No letter and no digit, nor what stands before a name in a post. */
  readonly isSign: boolean;
}

/** What may be kept from the model while it learns, so that it does not lean on one source alone. */
export interface Masking {
  readonly words: boolean;
  readonly lists: boolean;
  readonly clusters: boolean;
}

export const border: TokenFacts = {
  id: 0,
  word: 11,
  shape: 13,
  traits: 1 << 20,
  kind: 9,
  suffix2: 17,
  suffix3: 19,
  suffix4: 23,
  prefix2: 29,
  prefix3: 31,
  startsLine: 1,
  fine: 5003,
  coarse: 503,
  isWord: false,
  isSign: false,
};

export function factsOf(tokens: readonly Token[], lexicon: Lexicon, masking?: Masking): TokenFacts[] {
  // Long texts repeat their words: each is looked at once.
  const known = new Map<string, TokenFacts>();
  return tokens.map((token) => {
    const name = token.startsLine ? `\n${token.text}` : token.text;
    const facts = known.get(name) ?? factsOfToken(token, known.size + 1, lexicon, masking);
    known.set(name, facts);
    return facts;
  });
}

function factsOfToken(
  { text, lower, startsLine }: Token,
  id: number,
  lexicon: Lexicon,
  masking: Masking | undefined,
): TokenFacts {
  const kind = kindOf(text, lower);
  const hash = hashText(lower);
  const { length } = lower;
  const cluster = masking?.clusters === true ? noCluster : lexicon.cluster(hash);
  return {
    id,
    word: masking?.words === true && kind < 4 ? 7 : kind === 4 ? hashText(`#${Math.min(text.length, 9)}`) : hash,
    shape: hashText(shapeOf(text)),
    traits: masking?.lists === true ? 1 << 19 : lexicon.traits(lower, hash),
    kind,
    suffix2: hashPart(lower, length - 2, length, 101),
    suffix3: hashPart(lower, length - 3, length, 103),
    suffix4: hashPart(lower, length - 4, length, 107),
    prefix2: hashPart(lower, 0, 2, 109),
    prefix3: hashPart(lower, 0, 3, 113),
    startsLine: startsLine ? 1 : 0,
    fine: cluster.fine,
    coarse: cluster.coarse,
    isWord: kind < 4 && text.length > 1,
    isSign: kind === 5 && text !== "#" && text !== "@",
  };
}

/** How a text as a whole is written: all lower case, all upper case, or as usual. Decides what a capital says. */
export function writingOf(facts: readonly TokenFacts[]): number {
  let capitals = 0;
  let smalls = 0;
  for (const { kind } of facts) {
    if (kind === 0) smalls++;
    else if (kind < 4) capitals++;
  }
  if (capitals === 0) return 0;
  return smalls * 3 < capitals ? 2 : 1;
}

/** How many features there are of each kind: of the word alone, of each neighbour alone, and of several together. */
const ownFeatures = 15;
const neighbourFeatures = 4;
const furtherFeatures = 1;
const jointFeatures = 36;
export const featuresPerToken = ownFeatures + 2 * neighbourFeatures + 2 * furtherFeatures + jointFeatures;

/** Where the features of a neighbour that is so far away begin; how many there are. */
export const neighbours = [
  { offset: -1, from: ownFeatures, count: neighbourFeatures },
  { offset: 1, from: ownFeatures + neighbourFeatures, count: neighbourFeatures },
  { offset: -2, from: ownFeatures + 2 * neighbourFeatures, count: furtherFeatures },
  { offset: 2, from: ownFeatures + 2 * neighbourFeatures + furtherFeatures, count: furtherFeatures },
] as const;
export const ownFeatureCount = ownFeatures;
export const firstJointFeature = ownFeatures + 2 * neighbourFeatures + 2 * furtherFeatures;

/** Fills `out` with the hashes of all features of the token at `at`, given the two tags before it. */
export function fillFeatures(
  facts: readonly TokenFacts[],
  at: number,
  writing: number,
  previousTag: number,
  tagBefore: number,
  out: Int32Array,
): void {
  fillOwn(facts[at] ?? border, writing, out, 0);
  for (const { offset, from, count } of neighbours) fillNeighbour(facts[at + offset] ?? border, out, from, count);
  fillJoint(facts, at, writing, previousTag, tagBefore, out, firstJointFeature);
}

// A feature is hashed with its number among all, so that the same word says another thing in another place.

/** What the word itself says, in the way in which the text is written. */
export function fillOwn(here: TokenFacts, writing: number, out: Int32Array, into: number): void {
  const cased = here.kind * 3 + writing;
  const traitsCased = mix(here.traits, cased);
  let n = 0;
  let at = into;
  out[at++] = mix(n++, 0);
  out[at++] = mix(n++, here.word);
  out[at++] = mix(n++, mix(here.word, cased));
  out[at++] = mix(n++, here.shape);
  out[at++] = mix(n++, mix(here.suffix2, cased));
  out[at++] = mix(n++, here.suffix3);
  out[at++] = mix(n++, here.suffix4);
  out[at++] = mix(n++, here.prefix2);
  out[at++] = mix(n++, here.prefix3);
  out[at++] = mix(n++, here.traits);
  out[at++] = mix(n++, traitsCased);
  out[at++] = mix(n++, mix(here.startsLine, traitsCased));
  out[at++] = mix(n++, here.fine);
  out[at++] = mix(n++, mix(here.fine, cased));
  out[at] = mix(n, mix(here.coarse, traitsCased));
}

/** What a neighbour says by itself; `from` is the number of its first feature. */
export function fillNeighbour(token: TokenFacts, out: Int32Array, from: number, count: number, into = from): void {
  out[into] = mix(from, token.word);
  if (count === 1) return;
  out[into + 1] = mix(from + 1, token.suffix3);
  out[into + 2] = mix(from + 2, token.traits);
  out[into + 3] = mix(from + 3, token.fine);
}

/** What the words and the tags before say together. */
export function fillJoint(
  facts: readonly TokenFacts[],
  at: number,
  writing: number,
  previousTag: number,
  tagBefore: number,
  out: Int32Array,
  into: number,
): void {
  const here = facts[at] ?? border;
  const before = facts[at - 1] ?? border;
  const before2 = facts[at - 2] ?? border;
  const after = facts[at + 1] ?? border;
  const after2 = facts[at + 2] ?? border;
  const cased = here.kind * 3 + writing;
  const traitsCased = mix(here.traits, cased);
  let n = firstJointFeature;
  let to = into;
  out[to++] = mix(n++, mix(before.word, here.word));
  out[to++] = mix(n++, mix(here.word, after.word));
  out[to++] = mix(n++, mix(before.word, cased));
  out[to++] = mix(n++, mix(after.word, cased));
  out[to++] = mix(n++, mix(mix(before2.word, before.word), cased));
  out[to++] = mix(n++, mix(mix(after.word, after2.word), cased));
  out[to++] = mix(n++, mix(mix(before.word, after.word), cased));
  out[to++] = mix(n++, mix(mix(before.shape, here.shape), after.shape));
  out[to++] = mix(n++, mix(mix(before.kind, cased), after.kind));
  out[to++] = mix(n++, mix(before.traits, here.traits));
  out[to++] = mix(n++, mix(here.traits, after.traits));
  out[to++] = mix(n++, mix(before.traits, traitsCased));
  out[to++] = mix(n++, mix(traitsCased, mix(after.traits, after.kind)));
  out[to++] = mix(n++, mix(before.word, traitsCased));
  out[to++] = mix(n++, mix(after.word, traitsCased));
  out[to++] = mix(n++, mix(mix(before2.word, before.word), here.traits));
  out[to++] = mix(n++, mix(before2.word, traitsCased));
  out[to++] = mix(n++, mix(after2.word, traitsCased));
  out[to++] = mix(n++, mix(here.startsLine, mix(after.word, cased)));
  out[to++] = mix(n++, mix(before.coarse, traitsCased));
  out[to++] = mix(n++, mix(after.coarse, traitsCased));
  out[to++] = mix(n++, mix(mix(before.coarse, here.coarse), after.coarse));
  out[to++] = mix(n++, mix(before.fine, here.fine));
  out[to++] = mix(n++, mix(here.fine, after.fine));
  out[to++] = mix(n++, mix(mix(before2.coarse, before.coarse), cased));
  out[to++] = mix(n++, mix(mix(after.coarse, after2.coarse), cased));
  out[to++] = mix(n++, mix(previousTag, tagBefore));
  out[to++] = mix(n++, mix(previousTag, here.word));
  out[to++] = mix(n++, mix(previousTag, here.shape));
  out[to++] = mix(n++, mix(previousTag, traitsCased));
  out[to++] = mix(n++, mix(previousTag, mix(before.word, cased)));
  out[to++] = mix(n++, mix(previousTag, mix(after.word, cased)));
  out[to++] = mix(n++, mix(mix(previousTag, before.traits), here.traits));
  out[to++] = mix(n++, mix(mix(previousTag, here.startsLine), cased));
  out[to++] = mix(n++, mix(previousTag, mix(here.fine, cased)));
  out[to] = mix(n, mix(previousTag, mix(before.fine, cased)));
}

/** 0 small letters, 1 Capital, 2 CAPITALS, 3 miXed, 4 number, 5 sign, 6 initial. */
function kindOf(text: string, lower: string): number {
  const first = text.charCodeAt(0);
  if (first < 128) {
    if (!isAsciiLetter(first)) return first >= 48 && first <= 57 ? 4 : 5;
    if (text === lower) return 0;
  }
  const upper = text.toUpperCase();
  if (lower === upper) return /^\p{L}/u.test(text) ? 0 : /^\p{N}/u.test(text) ? 4 : 5;
  if (text === lower) return 0;
  if (text.endsWith(".")) return 6;
  if (text === upper) return text.length === 1 ? 1 : 2;
  return text.slice(1) === lower.slice(1) ? 1 : 3;
}

function isAsciiLetter(unit: number): boolean {
  return (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
}

/** "McDonald" → "XxXx", "2024" → "dddd": runs of letters count once, of digits up to four times. */
function shapeOf(text: string): string {
  let shape = "";
  let digits = 0;
  for (let at = 0; at < text.length && shape.length < 8; at++) {
    const unit = text.charCodeAt(at);
    let sign: string;
    if (unit >= 48 && unit <= 57) sign = digits++ < 4 ? "d" : "";
    else if (unit < 128) sign = unit >= 97 && unit <= 122 ? "x" : unit >= 65 && unit <= 90 ? "X" : text.charAt(at);
    else sign = text.charAt(at) === text.charAt(at).toLowerCase() ? "x" : "X";
    if (sign !== "d" && shape.endsWith(sign)) continue;
    shape += sign;
  }
  return shape;
}
