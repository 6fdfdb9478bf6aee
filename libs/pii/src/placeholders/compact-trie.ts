import type { SequenceMatch } from "./sequence-trie.ts";
import { gapBefore, type WordList } from "./words.ts";

interface Node<T> {
  readonly next: Map<number, Node<T>>;
  value?: T;
}

const newNode = <T>(): Node<T> => ({ next: new Map() });

const mostPieces = 24;
const widestGap = 3;

/**
 * Finds numbers again whose digits are parted otherwise, at the borders of words and with at most three signs between
 * the pieces. Takes no longer for many numbers than for one.
 */
export class CompactTrie<T> {
  readonly #root: Node<T> = newNode();

  /** The number without what parts it; of two with the same digits the last one counts. */
  set(compact: string, value: T): void {
    let node = this.#root;
    for (let at = 0; at < compact.length; at++) {
      const unit = compact.charCodeAt(at);
      const next: Node<T> = node.next.get(unit) ?? newNode();
      node.next.set(unit, next);
      node = next;
    }
    node.value = value;
  }

  /** The shortest number that begins with that word of the list. */
  shortestAt(list: WordList, at: number): SequenceMatch<T> | undefined {
    let node: Node<T> | undefined = this.#root;
    for (let length = 1; length <= mostPieces; length++) {
      const word = list.words[at + length - 1];
      if (word === undefined) return undefined;
      if (length > 1 && gapBefore(list, at + length - 1).length > widestGap) return undefined;
      for (let unit = 0; unit < word.folded.length; unit++) {
        node = node.next.get(word.folded.charCodeAt(unit));
        if (node === undefined) return undefined;
      }
      if (node.value !== undefined) return { value: node.value, length };
    }
    return undefined;
  }
}
