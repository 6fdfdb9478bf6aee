import { EnvelopeError } from "./errors.ts";

/** The plaintext of every frame has this length, since the lengths of tokens give text away. */
export const CELL_BYTES = 256;
export const CELL_TEXT_BYTES = CELL_BYTES - 2;

/** uint16 length (big-endian) ‖ text ‖ zeros. @throws TOO_LARGE above 254 bytes */
export function packCell(text: Uint8Array): Uint8Array {
  if (text.length > CELL_TEXT_BYTES) throw new EnvelopeError("TOO_LARGE", "A cell holds at most 254 bytes of text.");
  const cell = new Uint8Array(CELL_BYTES);
  cell[0] = text.length >> 8;
  cell[1] = text.length & 0xff;
  cell.set(text, 2);
  return cell;
}

/** A view of the text. @throws MALFORMED for an impossible length, or anything but zeros after the text */
export function unpackCell(cell: Uint8Array): Uint8Array {
  const length = ((cell[0] ?? 0) << 8) | (cell[1] ?? 0);
  if (cell.length !== CELL_BYTES || length > CELL_TEXT_BYTES || cell.subarray(2 + length).some((byte) => byte !== 0)) {
    throw new EnvelopeError("MALFORMED", "A cell is not length, text and zeros.");
  }
  return cell.subarray(2, 2 + length);
}
