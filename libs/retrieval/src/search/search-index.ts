import { dotProduct, lengthOf, quantized } from "../embedding/quantized.ts";
import { TermReader } from "../words/search-terms.ts";

export interface Searchable {
  /** Empty when it has none. */
  readonly title: string;
  readonly text: string;
  /** As `quantized` made it; absent where the text has none that can be compared. */
  readonly vector?: Int8Array | undefined;
}

/** The items that have a term, ascending, and how much each has of it. */
export interface Postings {
  readonly positions: number[];
  readonly frequencies: number[];
}

const titleBoost = 1.5;
/** What JavaScript keeps for a position and a frequency. */
const bytesPerPosting = 16;
const bytesPerItem = 200;

/** Items with what finds them: the terms of each, and the vectors. Only grows; several are searched as if they were one. */
export class SearchIndex<T extends Searchable> {
  readonly #items: T[] = [];
  readonly #postings = new Map<string, Postings>();
  readonly #lengths: number[] = [];
  readonly #vectors: (Int8Array | undefined)[] = [];
  readonly #vectorLengths: number[] = [];
  #totalLength = 0;
  #bytes = 0;

  constructor(items: readonly T[] = []) {
    this.add(items);
  }

  get size(): number {
    return this.#items.length;
  }

  /** In terms, titles weighted. */
  get totalLength(): number {
    return this.#totalLength;
  }

  /** Roughly what it takes of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  add(items: readonly T[]): void {
    const reader = new TermReader();
    for (const item of items) this.#addItem(item, reader);
  }

  item(position: number): T | undefined {
    return this.#items[position];
  }

  lengthOf(position: number): number {
    return this.#lengths[position] ?? 0;
  }

  postings(term: string): Postings | undefined {
    return this.#postings.get(term);
  }

  has(position: number, term: string): boolean {
    const positions = this.#postings.get(term)?.positions ?? [];
    let [low, high] = [0, positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return positions[low] === position;
  }

  /** By position: the cosine of each item's vector to the query's, 0 where it has none of the same dimension. */
  cosines(query: Float32Array): Float32Array {
    const wanted = quantized(query);
    const wantedLength = lengthOf(wanted);
    const cosines = new Float32Array(this.size);
    for (const [position, vector] of this.#vectors.entries()) {
      const lengths = wantedLength * (this.#vectorLengths[position] ?? 0);
      if (lengths > 0 && vector?.length === wanted.length) cosines[position] = dotProduct(wanted, vector) / lengths;
    }
    return cosines;
  }

  /** Leaves nothing behind that can be overwritten. */
  clear(): void {
    for (const vector of this.#vectors) vector?.fill(0);
    this.#vectors.length = 0;
    this.#vectorLengths.length = 0;
    this.#items.length = 0;
    this.#lengths.length = 0;
    this.#postings.clear();
    this.#totalLength = 0;
    this.#bytes = 0;
  }

  #addItem(item: T, reader: TermReader): void {
    const position = this.#items.length;
    const { title, text, vector } = item;
    const frequencies = new Map<string, number>();
    let length = 0;
    for (const [terms, weight] of [
      [reader.termsOf(text), 1],
      [reader.termsOf(title), titleBoost],
    ] as const) {
      length += terms.length * weight;
      for (const term of terms) frequencies.set(term, (frequencies.get(term) ?? 0) + weight);
    }
    for (const [term, frequency] of frequencies) this.#post(term, position, frequency);
    this.#items.push(item);
    this.#lengths.push(length);
    this.#totalLength += length;
    this.#vectors.push(vector);
    this.#vectorLengths.push(vector === undefined ? 0 : lengthOf(vector));
    this.#bytes +=
      bytesPerItem + 2 * (text.length + title.length) + frequencies.size * bytesPerPosting + (vector?.length ?? 0);
  }

  #post(term: string, position: number, frequency: number): void {
    const postings = this.#postings.get(term);
    if (postings === undefined) this.#postings.set(term, { positions: [position], frequencies: [frequency] });
    else {
      postings.positions.push(position);
      postings.frequencies.push(frequency);
    }
  }
}
