import { AttestationError } from "../errors.ts";

/** Universal tags of X.690 that certificates use; constructed ones with their bit 6. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The constructed context-specific tag [n] of n below 31. */
export function contextTag(n: number): number {
  return 0xa0 | n;
}

export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content: what a signature covers. */
  readonly encoded: Uint8Array;
}

/** Lengths above 2^24 - 1 are beyond every certificate, list and report. */
const MAX_LENGTH_BYTES = 3;

/**
 * Reads elements of DER (X.690) one after the other. Definite, shortest lengths and single-byte tags only; nothing is
 * copied, and nothing is read twice, so the work is bounded by the input's length.
 * All of its methods throw AttestationError EVIDENCE_MALFORMED.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next element, which must have the tag if one is given. */
  next(tag?: number): DerElement {
    const start = this.#at;
    const actual = this.#byte();
    if ((actual & 0x1f) === 0x1f) throw derMalformed("a tag of several bytes");
    if (tag !== undefined && actual !== tag) throw derMalformed("an element of another type");
    const length = this.#length();
    const contentStart = this.#at;
    if (length > this.#bytes.length - contentStart) throw derMalformed("an element beyond its end");
    this.#at += length;
    return {
      tag: actual,
      content: this.#bytes.subarray(contentStart, this.#at),
      encoded: this.#bytes.subarray(start, this.#at),
    };
  }

  /** The next element if it has the tag. */
  optional(tag: number): DerElement | undefined {
    return this.#bytes[this.#at] === tag ? this.next(tag) : undefined;
  }

  /** Reads into the next element. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** All elements that are left. */
  rest(): readonly DerElement[] {
    const elements: DerElement[] = [];
    while (!this.isAtEnd) elements.push(this.next());
    return elements;
  }

  end(): void {
    if (!this.isAtEnd) throw derMalformed("bytes after its end");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw derMalformed("no end");
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw derMalformed("an indefinite or excessive length");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw derMalformed("a length that isn't the shortest");
    return length;
  }
}

/** @throws AttestationError EVIDENCE_MALFORMED unless it is exactly one element of that tag. */
export function readOneDer(bytes: Uint8Array, tag: number): DerElement {
  const reader = new DerReader(bytes);
  const element = reader.next(tag);
  reader.end();
  return element;
}

/** An OID in dotted form, e.g. 1.2.840.10045.2.1. @throws AttestationError EVIDENCE_MALFORMED. */
export function derObjectIdentifier({ content }: DerElement): string {
  const arcs: number[] = [];
  let arc = 0;
  let hasBegun = false;
  for (const byte of content) {
    if (!hasBegun && byte === 0x80) throw derMalformed("an object identifier with padding");
    arc = arc * 128 + (byte & 0x7f);
    if (arc > 0xffffffff) throw derMalformed("an excessive object identifier");
    hasBegun = (byte & 0x80) !== 0;
    if (hasBegun) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first] = arcs;
  if (hasBegun || first === undefined) throw derMalformed("an unfinished object identifier");
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...arcs.slice(1)].join(".");
}

/** The bytes of an INTEGER without its sign byte, not negative. @throws AttestationError EVIDENCE_MALFORMED. */
export function derUnsigned({ content }: DerElement): Uint8Array {
  const [first, second] = content;
  if (first === undefined || first >= 0x80) throw derMalformed("an integer that is empty or negative");
  if (first !== 0 || second === undefined) return content;
  if (second < 0x80) throw derMalformed("an integer with padding");
  return content.subarray(1);
}

/** A small INTEGER or ENUMERATED, 0 to 2^32 - 1. @throws AttestationError EVIDENCE_MALFORMED. */
export function derSmallInteger(element: DerElement): number {
  const bytes = derUnsigned(element);
  if (bytes.length > 4) throw derMalformed("an excessive integer");
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** @throws AttestationError EVIDENCE_MALFORMED: DER knows 00 and FF alone. */
export function derBoolean({ content: [value, ...rest] }: DerElement): boolean {
  if ((value !== 0 && value !== 0xff) || rest.length > 0) throw derMalformed("a boolean that is neither");
  return value === 0xff;
}

/** A BIT STRING of whole bytes, as keys and signatures are. @throws AttestationError EVIDENCE_MALFORMED. */
export function derBitStringBytes({ content }: DerElement): Uint8Array {
  if (content[0] !== 0) throw derMalformed("a bit string of no whole bytes");
  return content.subarray(1);
}

/**
 * UTCTime or GeneralizedTime in the forms of RFC 5280 4.1.2.5 (seconds, Z), in milliseconds.
 * @throws AttestationError EVIDENCE_MALFORMED.
 */
export function derTimeMs({ tag, content }: DerElement): number {
  const text = String.fromCharCode(...content.subarray(0, 16));
  const form = tag === derTag.utcTime ? /^\d{12}Z$/ : tag === derTag.generalizedTime ? /^\d{14}Z$/ : undefined;
  if (content.length > 15 || !form?.test(text)) throw derMalformed("a time of another form");
  const digits = tag === derTag.utcTime ? `${text < "5" ? "20" : "19"}${text}` : text;
  const [year, month, day, hour, minute, second] = [
    digits.slice(0, 4),
    digits.slice(4, 6),
    digits.slice(6, 8),
    digits.slice(8, 10),
    digits.slice(10, 12),
    digits.slice(12, 14),
  ];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = Date.parse(iso);
  // Date.parse takes 30 February for 1 March.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso) throw derMalformed("a time that doesn't exist");
  return ms;
}

export function derMalformed(what: string): AttestationError {
  return new AttestationError(
    "EVIDENCE_MALFORMED",
    `A certificate of the evidence is not in its format: it has ${what}.`,
  );
}
