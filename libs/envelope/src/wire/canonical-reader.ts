import { EnvelopeError } from "../errors.ts";

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Reads the one protobuf serialization that this format allows of a message: fields in ascending order, none unknown,
 * none repeated unless asked for, shortest varints, zero and empty absent. Whatever else is MALFORMED, so a message that
 * was read equals its re-serialization without making one. Reads views, never copies.
 */
export class CanonicalReader {
  readonly #bytes: Uint8Array;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  /** Whether the next field is this one (number below 16). */
  isNext(field: number, wireType: 0 | 2): boolean {
    return this.#position < this.#end && this.#bytes[this.#position] === ((field << 3) | wireType);
  }

  /** A uint64 up to 2^53 − 1, or 0 when the field is absent. */
  uint(field: number): number {
    if (!this.isNext(field, VARINT)) return 0;
    this.#position++;
    const value = this.#varint();
    if (value === 0) throw malformed("A zero is written out.");
    return value;
  }

  /** The bytes of the field, or an empty array when it is absent. */
  bytes(field: number): Uint8Array {
    if (!this.isNext(field, LENGTH_DELIMITED)) return EMPTY;
    const length = this.#length();
    if (length === 0) throw malformed("An empty field is written out.");
    const start = this.#position;
    this.#position = start + length;
    return this.#bytes.subarray(start, this.#position);
  }

  /** A required field of exactly `length` bytes. */
  fixed(field: number, length: number): Uint8Array {
    const value = this.bytes(field);
    if (value.length !== length) throw malformed("A field has the wrong length.");
    return value;
  }

  /** A reader of the message in this field, which the caller has seen to be next. */
  message(): CanonicalReader {
    const length = this.#length();
    const start = this.#position;
    this.#position = start + length;
    return new CanonicalReader(this.#bytes, start, this.#position);
  }

  /** Refuses unknown, repeated and misplaced fields: whatever is left. */
  end(): void {
    if (this.#position !== this.#end) throw malformed("A field is unknown, repeated or out of place.");
  }

  #length(): number {
    this.#position++;
    const length = this.#varint();
    if (length > this.#end - this.#position) throw malformed("A field is longer than its message.");
    return length;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#position < this.#end ? this.#bytes[this.#position++] : undefined;
      if (byte === undefined) throw malformed("The message ends inside a number.");
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw malformed("A number is above 2^53 - 1.");
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw malformed("A number is not in its shortest form.");
        return value;
      }
      scale *= 128;
      if (scale > 2 ** 56) throw malformed("A number is above 2^53 - 1.");
    }
  }
}

const EMPTY = new Uint8Array(0);

function malformed(message: string): EnvelopeError {
  return new EnvelopeError("MALFORMED", message);
}
