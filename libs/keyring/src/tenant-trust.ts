import { toBinary } from "@bufbuild/protobuf";
import {
  PolicyError,
  requireSeenRoots,
  verifyAuthorityChain,
  verifyInstanceEvidence,
  type VerifiedChain,
} from "@cloister/policy";
import type { EvidenceVerifier } from "@cloister/attestation";
import type { InstanceEvidence } from "@cloister/contracts/keys/authority";
import { TenantRecordSchema, type TenantRecord } from "@cloister/contracts/keys/release";
import { KeyringError } from "./errors.ts";

/** A tenant whose chain was verified against this very session with `keys`. */
export interface TenantTrust {
  readonly chain: VerifiedChain;
  /** The issuer's signed certificate of this instance: it goes out with each reply. */
  readonly certificate: Uint8Array;
  /** What was verified, and the challenge of the session that it was verified in. */
  readonly recordBytes: Uint8Array;
  readonly nonce: Uint8Array;
}

/**
 * True if this very record was verified in this very session, whose challenge is its own, and what allowed `keys` then
 * still does: the window of its program may end within a session.
 */
export function isVerified(
  { chain, recordBytes, nonce: verified }: TenantTrust,
  { record, nonce, nowMs }: Pick<TrustInput, "record" | "nonce" | "nowMs">,
): boolean {
  const isSame = verified === nonce && Buffer.compare(recordBytes, toBinary(TenantRecordSchema, record)) === 0;
  return isSame && nowMs < chain.keysEvidence.notAfterMs;
}

/** What an instance has seen of a tenant: it goes behind neither. */
export interface SeenOfTenant {
  readonly policyVersion: number;
  /** Genesis first. */
  readonly roots: readonly Uint8Array[];
}

export interface TrustInput {
  readonly record: TenantRecord;
  readonly nowMs: number;
  readonly verifiers: readonly EvidenceVerifier[];
  readonly allowDevelopment: boolean;
  readonly seen: SeenOfTenant | undefined;
  /** What `keys` showed at the beginning of the session, and the challenge it answered. */
  readonly keysEvidence: InstanceEvidence;
  readonly nonce: Uint8Array;
}

/**
 * Follows the tenant's chain to its issuer, and proves that the tenant's own policy allows the `keys` at the other end
 * of this session: only then is a key of the tenant taken from it.
 * @throws KeyringError CHAIN_INVALID, or POLICY_EXPIRED
 */
export async function verifyTenant(input: TrustInput): Promise<TenantTrust> {
  const { record, nowMs, verifiers, seen } = input;
  if (record.chain === undefined) throw new KeyringError("CHAIN_INVALID", "A tenant came without its chain.");
  try {
    const chain = await verifyAuthorityChain({
      tenantId: record.tenantId,
      chain: record.chain,
      nowMs,
      verifiers,
      allowDevelopment: input.allowDevelopment,
      ...(seen === undefined ? {} : { knownPolicyVersion: seen.policyVersion }),
    });
    requireSeenRoots(chain.roots, seen?.roots ?? []);
    const ofThisSession = { role: "keys" as const, nowMs, verifiers, nonce: input.nonce };
    await verifyInstanceEvidence(input.keysEvidence, chain.policy, ofThisSession);
    const recordBytes = toBinary(TenantRecordSchema, record);
    return { chain, certificate: record.instanceCertificate, recordBytes, nonce: input.nonce };
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    const code = cause.code === "POLICY_EXPIRED" ? "POLICY_EXPIRED" : "CHAIN_INVALID";
    throw new KeyringError(code, `A tenant's chain of authority was refused: ${cause.code}.`, { cause });
  }
}
