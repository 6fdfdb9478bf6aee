import { certificatesFromPem } from "../../certificates/index.ts";
import { faultOfParsing, tdxError } from "./faults.ts";

const LINE = 64;
const LEAF_INTERMEDIATE_ROOT = 3;

/**
 * The DER of the PCK certificate, its authority and the root, from the text of a quote. The text is not signed, so only
 * one spelling counts: lines of 64 characters, LF, canonical base64, and at its end nothing, LF, or LF and a zero byte.
 * @throws AttestationError with fault PCK_CHAIN_INCOMPLETE if there are fewer than three; PCK_CHAIN_INVALID for everything else.
 */
export async function readPckChain(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  const text = binaryString(bytes);
  if (bytes.length === 0) throw tdxError("PCK_CHAIN_INCOMPLETE", "The quote brings no PCK chain.");
  const ders = await faultOfParsing("PCK_CHAIN_INVALID", "The quote's PCK chain", () => certificatesFromPem(text));
  const canonical = ders.map(toPem).join("\n");
  if (![canonical, `${canonical}\n`, `${canonical}\n\0`].includes(text)) {
    throw tdxError("PCK_CHAIN_INVALID", "The quote's PCK chain is not spelled as PEM is.");
  }
  if (ders.length < LEAF_INTERMEDIATE_ROOT) {
    throw tdxError("PCK_CHAIN_INCOMPLETE", "The quote's PCK chain doesn't lead to its root.");
  }
  if (ders.length > LEAF_INTERMEDIATE_ROOT) {
    throw tdxError("PCK_CHAIN_INVALID", "The quote's PCK chain has more than three certificates.");
  }
  return ders;
}

function toPem(der: Uint8Array): string {
  const base64 = btoa(binaryString(der));
  const lines = base64.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n");
}

/** One character a byte. Not by one call with all of them: engines limit how many arguments that may have. */
function binaryString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
