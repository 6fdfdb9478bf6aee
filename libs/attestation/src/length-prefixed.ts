import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** A field of something hashed or signed: a label (UTF-8), bytes, or a uint64. */
export type Field = string | Uint8Array | bigint;

const UINT64_END = 1n << 64n;

/**
 * Each field as uint32 big-endian length ‖ bytes, so that no two different lists give the same bytes.
 * Strings are UTF-8; a bigint is 8 bytes big-endian.
 * @throws RangeError if a bigint is no uint64.
 */
export function lengthPrefixed(fields: readonly Field[]): Uint8Array {
  return concatBytes(
    ...fields.flatMap((field) => {
      const bytes = fieldBytes(field);
      return [uint32(bytes.length), bytes];
    }),
  );
}

function fieldBytes(field: Field): Uint8Array {
  if (typeof field === "string") return utf8ToBytes(field);
  if (typeof field === "bigint") return uint64(field);
  return field;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function uint64(value: bigint): Uint8Array {
  if (value < 0n || value >= UINT64_END) throw new RangeError("not a uint64");
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
