import type { Digests, EnvelopeBackend } from "./backend.ts";
import { concat, isSame } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";
import type { VerifyingKey } from "./keys/signing-keys.ts";
import { LABELS } from "./labels.ts";
import type { ParsedEnvelope } from "./parse.ts";

interface SignedParts {
  readonly protectedHash: Uint8Array;
  readonly recipientsBytes: Uint8Array;
  readonly commitment: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** label ‖ signer_key_id ‖ SHA-256(protected) ‖ SHA-256(recipients) ‖ commitment ‖ SHA-256(ciphertext). */
export function signatureInput(digests: Digests, signerKeyId: Uint8Array, parts: SignedParts): Uint8Array {
  return signatureInputOf(signerKeyId, parts, digests.sha256(parts.recipientsBytes), digests.sha256(parts.ciphertext));
}

/** The same from hashes that are there already. */
export function signatureInputOf(
  signerKeyId: Uint8Array,
  { protectedHash, commitment }: Pick<SignedParts, "protectedHash" | "commitment">,
  recipientsHash: Uint8Array,
  ciphertextHash: Uint8Array,
): Uint8Array {
  return concat(LABELS.signature, signerKeyId, protectedHash, recipientsHash, commitment, ciphertextHash);
}

/** Whether this key signed all of the envelope. Needs no key to its contents. @throws SIGNATURE_INVALID if not */
export function verifySignature(backend: EnvelopeBackend, envelope: ParsedEnvelope, signer: VerifyingKey): void {
  requireSignature(backend.digests, envelope, backend.digests.sha256(envelope.protectedBytes), signer);
}

/** As `verifySignature`, for who has SHA-256(protected) already. `"none"` asks for an envelope that nobody signed. */
export function requireSignature(
  digests: Digests,
  envelope: ParsedEnvelope,
  protectedHash: Uint8Array,
  signer: VerifyingKey | "none",
): void {
  const { recipientsBytes, commitment, ciphertext } = envelope;
  const signature = signatureBy(signer, envelope);
  if (signer === "none" || !signature) return;
  const input = signatureInput(digests, signer.keyId, { protectedHash, recipientsBytes, commitment, ciphertext });
  requireValid(signer.verify(input, signature));
}

/** The signature that says to be the expected signer's, still to be verified. @throws SIGNATURE_INVALID for any other */
export function signatureBy(
  signer: VerifyingKey<unknown> | "none",
  { signature }: ParsedEnvelope,
): Uint8Array | undefined {
  if (signer === "none") {
    if (signature) throw invalid("The envelope is signed where an unsigned one is expected.");
    return undefined;
  }
  if (!signature) throw invalid("The envelope is not signed.");
  if (!isSame(signature.signerKeyId, signer.keyId))
    throw invalid("The envelope is signed by another key than expected.");
  return signature.signature;
}

/** @throws SIGNATURE_INVALID */
export function requireValid(isValid: boolean): void {
  if (!isValid) throw invalid("The signature does not match the envelope.");
}

function invalid(message: string): EnvelopeError {
  return new EnvelopeError("SIGNATURE_INVALID", message);
}
