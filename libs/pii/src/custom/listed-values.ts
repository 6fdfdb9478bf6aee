import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { EntityName } from "../entities.ts";
import { PiiError } from "../errors.ts";
import type { NormalizedText } from "../normalize.ts";
import { wordsIn, wordsOf, type Word } from "../placeholders/words.ts";
import type { ExplainedSpan } from "../span.ts";

/**
 * A value that a list names without saying it: HMAC-SHA-256 under the list's salt, of its words without case and marks.
 * It keeps a list from being read at a glance. Whoever has the salt can still try names from a dictionary.
 */
export interface HashedValue {
  /** How many words the value has: as many are put together from a text to be compared. */
  readonly words: number;
  /** 32 bytes in lower-case hex. */
  readonly hash: string;
}

export interface HashedLists {
  /** 16 bytes or more, of this tenant alone: the same value has another hash elsewhere. */
  readonly salt: Uint8Array;
  /** Values that are never reported. */
  readonly allow?: readonly HashedValue[];
  /** Values that are always reported, with score 1. */
  readonly deny?: readonly (HashedValue & { readonly type: EntityName })[];
}

/** A listed value has so many words at most, and a list so many lengths: each is looked for by itself. */
const mostWords = 8;
const mostLengths = 4;
/** Words further apart belong to two things. */
const widestGap = 3;

/** The entry for a value. @throws PiiError BAD_LIST for a value without letters and digits, or of more than 8 words */
export function hashListedValue(value: string, salt: Uint8Array): HashedValue {
  const { words } = wordsOf(value);
  if (words.length === 0 || words.length > mostWords) {
    throw new PiiError("BAD_LIST", `a listed value has 1 to ${mostWords} words`);
  }
  return { words: words.length, hash: hashOf(words, salt) };
}

export class HashedListFinder {
  readonly #salt: Uint8Array;
  readonly #allowed: ReadonlySet<string>;
  readonly #denied: ReadonlyMap<number, ReadonlyMap<string, EntityName>>;

  /** @throws PiiError BAD_LIST: a short salt, a hash of another form, values of more than four different lengths */
  constructor({ salt, allow = [], deny = [] }: HashedLists) {
    const isHash = ({ words, hash }: HashedValue) => /^[0-9a-f]{64}$/.test(hash) && words >= 1 && words <= mostWords;
    if (salt.length < 16) throw new PiiError("BAD_LIST", "the salt of a hashed list has 16 bytes at least");
    if (![...allow, ...deny].every(isHash)) {
      throw new PiiError("BAD_LIST", `an entry of a hashed list has 1 to ${mostWords} words and 64 digits of hex`);
    }
    const denied = new Map<number, Map<string, EntityName>>();
    for (const { words, hash, type } of deny) {
      denied.set(words, (denied.get(words) ?? new Map<string, EntityName>()).set(hash, type));
    }
    if (denied.size > mostLengths) {
      throw new PiiError("BAD_LIST", `the denied values have more than ${mostLengths} different numbers of words`);
    }
    this.#salt = salt;
    this.#allowed = new Set(allow.map(({ hash }) => hash));
    this.#denied = denied;
  }

  isAllowed(value: string): boolean {
    if (this.#allowed.size === 0) return false;
    const { words } = wordsOf(value);
    return words.length > 0 && words.length <= mostWords && this.#allowed.has(hashOf(words, this.#salt));
  }

  findDenied(normalized: NormalizedText): ExplainedSpan[] {
    if (this.#denied.size === 0) return [];
    const { words } = wordsIn(normalized);
    return [...this.#denied].flatMap(([length, types]) => this.#findOfLength(normalized.text, words, length, types));
  }

  #findOfLength(
    text: string,
    words: readonly Word[],
    length: number,
    types: ReadonlyMap<string, EntityName>,
  ): ExplainedSpan[] {
    const found: ExplainedSpan[] = [];
    // Long texts repeat their words: each sequence is hashed once.
    const known = new Map<string, EntityName | undefined>();
    for (let at = 0; at + length <= words.length; at++) {
      const window = words.slice(at, at + length);
      if (!isJoined(text, window)) continue;
      const form = formOf(window);
      if (!known.has(form)) known.set(form, types.get(hashOf(window, this.#salt)));
      const type = known.get(form);
      const [first, last] = [window[0], window.at(-1)];
      if (type === undefined || first === undefined || last === undefined) continue;
      found.push({ start: first.start, end: last.end, type, score: 1, detector: "deny-list", evidence: "listed" });
    }
    return found;
  }
}

function isJoined(text: string, words: readonly Word[]): boolean {
  return words.every((word, at) => {
    const before = words[at - 1];
    if (before === undefined) return true;
    return word.start - before.end <= widestGap || text.slice(before.end, word.start).trim() === "";
  });
}

function formOf(words: readonly Word[]): string {
  return words.map(({ folded }) => folded).join(" ");
}

function hashOf(words: readonly Word[], salt: Uint8Array): string {
  return bytesToHex(hmac(sha256, salt, utf8ToBytes(`cloister/v1 listed value\0${formOf(words)}`)));
}
