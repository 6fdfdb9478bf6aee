import type { Needle } from "./needle.ts";

export interface Hit {
  readonly needle: Needle;
  readonly offset: number;
}

const ANCHOR_BYTES = 4;
const FILTER_BITS = 1 << 22;

/**
 * Finds many needles in one pass: a bit filter over the first four bytes of each needle turns nearly every position
 * away, the rest are compared. Cost is one table look-up a byte whatever the number of needles.
 */
export class NeedleMatcher {
  readonly #filter = new Uint8Array(FILTER_BITS / 8);
  readonly #byAnchor = new Map<number, Needle[]>();

  /** @throws RangeError when a needle is shorter than four bytes: it would be found by chance. */
  constructor(needles: Iterable<Needle>) {
    for (const needle of needles) {
      if (needle.bytes.length < ANCHOR_BYTES) throw new RangeError("a needle must be at least four bytes long");
      const anchor = Buffer.from(needle.bytes).readUInt32LE(0);
      const bit = filterBit(anchor);
      this.#filter[bit >>> 3] = (this.#filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
      const sameAnchor = this.#byAnchor.get(anchor);
      if (sameAnchor) sameAnchor.push(needle);
      else this.#byAnchor.set(anchor, [needle]);
    }
  }

  *find(haystack: Uint8Array): Generator<Hit> {
    const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    for (let offset = 0; offset + ANCHOR_BYTES <= bytes.length; offset++) {
      const anchor = bytes.readUInt32LE(offset);
      const bit = filterBit(anchor);
      if (((this.#filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) continue;
      for (const needle of this.#byAnchor.get(anchor) ?? []) {
        if (matches(bytes, offset, needle)) yield { needle, offset };
      }
    }
  }
}

// Taken once: in a Jest worker each look-up of a global costs more than the rest of a step.
const { imul } = Math;
const filterBit = (anchor: number): number => (imul(anchor, 0x9e3779b1) >>> 0) % FILTER_BITS;

function matches(bytes: Buffer, offset: number, needle: Needle): boolean {
  const end = offset + needle.bytes.length;
  if (end > bytes.length || bytes.compare(needle.bytes, 0, needle.bytes.length, offset, end) !== 0) return false;
  return !needle.needsWordBorders || hasWordBorders(bytes, offset, end, needle.encoding);
}

function hasWordBorders(bytes: Buffer, start: number, end: number, encoding: string): boolean {
  // In UTF-16 the neighbouring character's significant byte lies one further away, on the side of the byte order.
  const before = encoding === "utf-16le" ? bytes[start - 2] : bytes[start - 1];
  const after = encoding === "utf-16be" ? bytes[end + 1] : bytes[end];
  return !isWordByte(before) && !isWordByte(after);
}

const isWordByte = (byte: number | undefined): boolean =>
  byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte));
