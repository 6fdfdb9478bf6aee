import { unavailable } from "../unavailable.ts";

/** Certificates that the host put beside a report of SEV-SNP, DER. The guest trusts none of them. */
export interface CertificateTable {
  readonly vcek?: Uint8Array;
  readonly vlek?: Uint8Array;
  readonly ask?: Uint8Array;
  readonly ark?: Uint8Array;
}

const names: ReadonlyMap<string, keyof CertificateTable> = new Map([
  ["63da758d-e664-4564-adc5-f4b93be8accd", "vcek"],
  ["a8074bc2-a25a-483e-aae6-39c045a0b8a1", "vlek"],
  ["4ab7b379-bbac-4fe4-a02f-05aef327c782", "ask"],
  ["c0b406a4-a803-4952-9743-3fb6014cd0ae", "ark"],
]);

const ENTRY_BYTES = 24;
const GUID_BYTES = 16;
const MAX_ENTRIES = 32;

/**
 * Reads the table of the GHCB specification (SNP Extended Guest Request): entries of GUID, offset and length, ended by
 * one of zeros, then the certificates. GUIDs that aren't certificates of the chain are skipped; hosts write them in the
 * order of their text or with the first three groups turned, and both count.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault ANSWER_MALFORMED if it has no end, more than 32 entries, one
 * twice, or one that lies outside.
 */
export function readCertificateTable(bytes: Uint8Array): CertificateTable {
  const table: Partial<Record<keyof CertificateTable, Uint8Array>> = {};
  if (bytes.length === 0) return table;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < MAX_ENTRIES; index++) {
    const at = index * ENTRY_BYTES;
    if (at + ENTRY_BYTES > bytes.length) break;
    const guid = bytes.subarray(at, at + GUID_BYTES);
    if (guid.every((byte) => byte === 0)) return table;
    const start = view.getUint32(at + GUID_BYTES, true);
    const end = start + view.getUint32(at + GUID_BYTES + 4, true);
    if (end > bytes.length) throw malformed("a certificate outside of it");
    const name = names.get(textOf(guid)) ?? names.get(textOf(turned(guid)));
    if (name === undefined) continue;
    if (table[name]) throw malformed("a certificate twice");
    table[name] = bytes.slice(start, end);
  }
  throw malformed("no end");
}

function textOf(guid: Uint8Array): string {
  const hex = Array.from(guid, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The mixed order of Windows and UEFI. */
function turned(guid: Uint8Array): Uint8Array {
  const part = (start: number, end: number) => Array.from(guid.subarray(start, end));
  return Uint8Array.from([...part(0, 4).reverse(), ...part(4, 6).reverse(), ...part(6, 8).reverse(), ...part(8, 16)]);
}

function malformed(what: string): Error {
  return unavailable("ANSWER_MALFORMED", `The host's table of certificates has ${what}.`);
}
