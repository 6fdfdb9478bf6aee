/** Writes the canonical serialization (see `CanonicalReader`) into an array of a size known beforehand. */
export class CanonicalWriter {
  readonly target: Uint8Array;
  #position = 0;

  constructor(size: number) {
    this.target = new Uint8Array(size);
  }

  get position(): number {
    return this.#position;
  }

  /** Writes from the start again, over what is there. */
  restart(): void {
    this.#position = 0;
  }

  uint(field: number, value: number): void {
    if (value === 0) return;
    this.target[this.#position++] = field << 3;
    this.#varint(value);
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.open(field, value.length);
    this.target.set(value, this.#position);
    this.#position += value.length;
  }

  /** Tag and length of a field whose `length` bytes follow. */
  open(field: number, length: number): void {
    this.target[this.#position++] = (field << 3) | 2;
    this.#varint(length);
  }

  /** Tag and length of a field, and a view of its `length` bytes for the caller to fill. */
  reserve(field: number, length: number): Uint8Array {
    this.open(field, length);
    const start = this.#position;
    this.#position += length;
    return this.target.subarray(start, this.#position);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.target[this.#position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.target[this.#position++] = rest;
  }
}

/** Bytes that a length-delimited field with a number below 16 takes. */
export function fieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
