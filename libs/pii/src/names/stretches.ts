/** A part of a text that is read by itself. */
export interface Stretch {
  readonly text: string;
  /** Where `text` begins in the whole text. */
  readonly start: number;
  /** What begins in this range of the whole text is this stretch's; the rest of `text` is what stands around. */
  readonly from: number;
  readonly to: number;
}

/** Far above a message, a page or a mail: what is known of so many words fits near the processor. */
const length = 32_768;
/** Longer than a name or an address, with the words that speak of it. */
const around = 512;

export function* stretches(text: string): Generator<Stretch> {
  for (let from = 0; from < text.length; from += length) {
    const to = Math.min(text.length, from + length);
    const start = Math.max(0, from - around);
    yield { text: text.slice(start, to + around), start, from, to };
  }
}
