import { sha512 } from "@noble/hashes/sha2.js";
import { AttestationError } from "./errors.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { AttestedRole } from "./roles.ts";

/** What an instance's evidence binds to the code that runs. */
export interface ReportBinding {
  readonly role: AttestedRole;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  /** X-Wing, 1,216 bytes. */
  readonly kemPublicKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly signingPublicKey: Uint8Array;
  readonly notAfterMs: number;
  /** Empty, or the challenger's 32 bytes. */
  readonly nonce: Uint8Array;
}

export const REPORT_DATA_BYTES = 64;

/**
 * The 64 bytes an instance has its hardware sign: SHA-512 over the length-prefixed fields
 * "cloister/v1 report", role, configuration digest, KEM key, signing key, not_after (uint64), nonce.
 * @throws AttestationError EVIDENCE_MALFORMED if a field has the wrong length.
 */
export function reportData(binding: ReportBinding): Uint8Array {
  checkLengths(binding);
  return sha512(
    lengthPrefixed([
      "cloister/v1 report",
      binding.role,
      binding.configurationDigest,
      binding.kemPublicKey,
      binding.signingPublicKey,
      BigInt(binding.notAfterMs),
      binding.nonce,
    ]),
  );
}

function checkLengths(binding: ReportBinding): void {
  const isSound =
    binding.configurationDigest.length === 48 &&
    binding.kemPublicKey.length === 1216 &&
    binding.signingPublicKey.length === 32 &&
    Number.isSafeInteger(binding.notAfterMs) &&
    binding.notAfterMs >= 0 &&
    (binding.nonce.length === 0 || binding.nonce.length === 32);
  if (!isSound) {
    throw new AttestationError("EVIDENCE_MALFORMED", "The fields that evidence should bind have the wrong lengths.");
  }
}
