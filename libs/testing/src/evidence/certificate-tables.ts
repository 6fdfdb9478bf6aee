/** Of the GHCB specification. */
export const guids = {
  vcek: "63da758d-e664-4564-adc5-f4b93be8accd",
  vlek: "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
  ask: "4ab7b379-bbac-4fe4-a02f-05aef327c782",
  ark: "c0b406a4-a803-4952-9743-3fb6014cd0ae",
};

const ENTRY_BYTES = 24;
const uint32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const guidBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll("-", ""), "hex"));

/** The table as a host writes it, with the GUIDs as text or as bytes. */
export function certificateTable(entries: readonly (readonly [string | Uint8Array, Uint8Array])[]): Uint8Array {
  let at = ENTRY_BYTES * (entries.length + 1);
  const heads = entries.map(([guid, certificate]) => {
    const bytes = typeof guid === "string" ? guidBytes(guid) : guid;
    const head = Buffer.concat([bytes, uint32(at), uint32(certificate.length)]);
    at += certificate.length;
    return head;
  });
  const certificates = entries.map(([, certificate]) => certificate);
  return Uint8Array.from(Buffer.concat([...heads, new Uint8Array(ENTRY_BYTES), ...certificates]));
}
