import { bytesToHex } from "@noble/hashes/utils.js";

/** Who signs a note. The name stands in the note, so a key counts in its own office only. */
export type NoteOffice = "root" | "admission" | "delegate" | "keys" | "issuer";

/** "cloister/<tenant id in hex>/<office>". */
export function noteKeyName(tenantId: Uint8Array, office: NoteOffice): string {
  return `cloister/${bytesToHex(tenantId)}/${office}`;
}
