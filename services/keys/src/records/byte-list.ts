import { lengthPrefixed } from "@cloister/attestation";
import { KeysError } from "../errors.ts";

/** Each item as uint32 length ‖ bytes. */
export function encodeByteList(items: readonly Uint8Array[]): Uint8Array {
  return lengthPrefixed(items);
}

/** @throws KeysError KEY_CORRUPT for bytes that `encodeByteList` can't have written */
export function decodeByteList(encoded: Uint8Array): Uint8Array[] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  const items: Uint8Array[] = [];
  for (let offset = 0; offset < encoded.length;) {
    const end = offset + 4 <= encoded.length ? offset + 4 + view.getUint32(offset) : Number.POSITIVE_INFINITY;
    if (end > encoded.length) throw new KeysError("KEY_CORRUPT", "A stored list of root rotations is damaged.");
    items.push(encoded.slice(offset + 4, end));
    offset = end;
  }
  return items;
}
