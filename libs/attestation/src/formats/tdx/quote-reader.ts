import { tdxError } from "./faults.ts";

/** Reads fixed fields of a quote, little-endian, one after the other; nothing is copied. */
export class QuoteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws AttestationError with fault QUOTE_TRUNCATED if fewer are left. */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw tdxError("QUOTE_TRUNCATED", "The quote ends too early.");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** @throws AttestationError with fault QUOTE_TRUNCATED. */
  uint16(): number {
    return viewOf(this.take(2)).getUint16(0, true);
  }

  /** @throws AttestationError with fault QUOTE_TRUNCATED. */
  uint32(): number {
    return viewOf(this.take(4)).getUint32(0, true);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  /** What a structure leaves over at its end. @throws AttestationError with fault QUOTE_FORMAT_UNSUPPORTED if that is anything. */
  end(): void {
    if (!this.isAtEnd) {
      throw tdxError("QUOTE_FORMAT_UNSUPPORTED", "A part of the quote is longer than what it holds.");
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
