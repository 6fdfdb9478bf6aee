import { fromBase64 } from "../base64.ts";
import { derMalformed } from "./der.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;
const MAX_PEM_CHARACTERS = 128 * 1024;
const MAX_CERTIFICATES = 8;

/**
 * The DER of each certificate of a PEM text (RFC 7468), in its order. Text around the blocks is skipped.
 * @throws AttestationError EVIDENCE_MALFORMED if there is none, more than 8 or more than 128 KiB, or no base64 in one.
 */
export function certificatesFromPem(text: string): readonly Uint8Array[] {
  if (text.length > MAX_PEM_CHARACTERS) throw derMalformed("more than 128 KiB of PEM");
  const certificates = [...text.matchAll(BLOCK)].map(([, base64 = ""]) => bytesOf(base64));
  if (certificates.length === 0 || certificates.length > MAX_CERTIFICATES) {
    throw derMalformed("no certificate, or more than 8, in a PEM text");
  }
  return certificates;
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    throw derMalformed("no base64 in a PEM text");
  }
}
