import { gapBefore, type WordList } from "./words.ts";

/** Words that are looked for one behind the other, folded as those of a `WordList` are. */
export interface Sequence<T> {
  readonly words: readonly string[];
  /** What stands between two words, without spaces; "loose" where at most three signs, or spaces alone, may. */
  readonly gaps: readonly string[] | "loose";
  /** Only where it is written as a name is: it is an everyday word otherwise. */
  readonly capitalOnly: boolean;
  readonly value: T;
}

export interface SequenceMatch<T> {
  readonly value: T;
  /** How many words. */
  readonly length: number;
}

interface Entry<T> {
  readonly sequence: Sequence<T>;
  readonly order: number;
}

/** The words up to here; what is not there is not made, since most sequences are one word. */
interface Node<T> {
  next?: Map<string, Node<T>>;
  exact?: Map<string, Entry<T>>;
  loose?: Entry<T>;
  capital?: Entry<T>;
}

/** A longer sequence is recognized by so many words, so that no place of a text takes longer than that. */
const mostWords = 64;

/** Finds the longest of many sequences at a place, in a time that does not grow with their number. */
export class SequenceTrie<T> {
  readonly #root: Node<T> = {};
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of two sequences that the same places fit, the first one added counts. */
  add(sequence: Sequence<T>): void {
    if (sequence.words.length === 0) return;
    let node = this.#root;
    for (const word of sequence.words.slice(0, mostWords)) {
      node.next ??= new Map();
      const next = node.next.get(word) ?? {};
      node.next.set(word, next);
      node = next;
    }
    const entry = { sequence, order: this.#size++ };
    if (sequence.gaps === "loose") node[sequence.capitalOnly ? "capital" : "loose"] ??= entry;
    else {
      const gaps = sequence.gaps.slice(0, mostWords - 1).reduce(withGap, "");
      node.exact ??= new Map();
      if (!node.exact.has(gaps)) node.exact.set(gaps, entry);
    }
  }

  /** The longest sequence that begins with that word of the list. */
  longestAt(list: WordList, at: number): SequenceMatch<T> | undefined {
    const first = list.words[at];
    let node: Node<T> | undefined = first && this.#root.next?.get(first.folded);
    let longest: SequenceMatch<T> | undefined;
    let gaps = "";
    let isLoose = true;
    for (let length = 1; node !== undefined; length++) {
      const fitting = earliest(
        node.exact?.get(gaps),
        isLoose ? node.loose : undefined,
        isLoose && node.capital !== undefined && isCapitalized(list, at) ? node.capital : undefined,
      );
      if (fitting !== undefined) longest = { value: fitting.value, length: lengthOf(fitting, list, at) };
      const word = list.words[at + length];
      node = word && node.next?.get(word.folded);
      if (node === undefined) break;
      const gap = gapBefore(list, at + length);
      gaps = withGap(gaps, gap.replace(/\s/g, ""));
      isLoose &&= gap.length <= 3 || gap.trim() === "";
    }
    return longest;
  }
}

function earliest<T>(...entries: readonly (Entry<T> | undefined)[]): Sequence<T> | undefined {
  let first: Entry<T> | undefined;
  for (const entry of entries)
    if (entry !== undefined && !(first !== undefined && first.order < entry.order)) first = entry;
  return first?.sequence;
}

function withGap(gaps: string, gap: string): string {
  return `${gaps}${gap}\0`;
}

/** The words of the sequence that stand there: all, but for a long one that goes on otherwise. */
function lengthOf({ words }: Sequence<unknown>, list: WordList, at: number): number {
  let length = Math.min(words.length, mostWords);
  while (length < words.length && list.words[at + length]?.folded === words[length]) length++;
  return length;
}

function isCapitalized(list: WordList, at: number): boolean {
  const word = list.words[at];
  return word !== undefined && /^\p{Lu}/u.test(list.normalized.text.slice(word.start, word.end));
}
