/** The bytes of canonical or unpadded base64, as `atob` reads it. @throws DOMException InvalidCharacterError */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
