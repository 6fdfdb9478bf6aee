import { equalBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { type Certificate, ecdsaKeyFromPoint, isEcdsaSignature, publicKeyOf } from "../../certificates/index.ts";
import { tdxError } from "./faults.ts";
import type { TdxQuote } from "./quote.ts";

/**
 * From the platform's certificate to the guest: the PCK signed the quoting enclave's report, that report binds the
 * attestation key, and the attestation key signed header and body.
 * @throws AttestationError with fault QE_REPORT_SIGNATURE_INVALID, AK_BINDING_INVALID, AK_MISMATCH,
 * QUOTE_SIGNATURE_INVALID.
 */
export async function checkSignatures(quote: TdxQuote, leaf: Certificate): Promise<void> {
  const pck = await publicKeyOf(leaf);
  const { qeReport, attestationKey, signature } = quote;
  if (!pck || !(await isEcdsaSignature(pck, "SHA-256", quote.qeReportSignature, qeReport.bytes))) {
    throw tdxError("QE_REPORT_SIGNATURE_INVALID", "The quoting enclave's report isn't signed by the platform.");
  }
  const bound = new Uint8Array(64);
  bound.set(sha256(concatBytes(attestationKey, quote.qeAuthenticationData)));
  if (!equalBytes(bound, qeReport.reportData)) {
    throw tdxError("AK_BINDING_INVALID", "The quoting enclave didn't make the key that signs the quote.");
  }
  const key = await ecdsaKeyFromPoint("P-256", attestationKey);
  if (!key) throw tdxError("AK_MISMATCH", "The key that signs the quote is no point of P-256.");
  if (!(await isEcdsaSignature(key, "SHA-256", signature, quote.signedBytes))) {
    throw tdxError("QUOTE_SIGNATURE_INVALID", "The quote was changed after the hardware signed it.");
  }
}
