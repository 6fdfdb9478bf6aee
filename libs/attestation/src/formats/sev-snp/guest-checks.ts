import { snpError } from "./faults.ts";
import type { SnpReport } from "./report.ts";
import { readGuestPolicy, readPlatformInfo, readSignerInfo } from "./report-bits.ts";
import { isAllZero } from "./zeros.ts";

export interface GuestRules {
  /** A guest that may run on one socket only is safe; whoever expects other guests refuses it nevertheless. */
  readonly refuseSingleSocket: boolean;
}

/**
 * What no guest with secrets may have: debugging, a migration agent, and bits whose meaning this build doesn't know.
 * @throws AttestationError with the fault GUEST_POLICY_…, PLATFORM_INFO_INVALID or SIGNER_INFO_INVALID.
 */
export function checkGuest(report: SnpReport, { refuseSingleSocket }: GuestRules): void {
  const policy = readGuestPolicy(report);
  if (policy.debug) throw snpError("GUEST_POLICY_DEBUG_SET", "The host may read and change the guest's memory.");
  if (policy.migrateMa) {
    throw snpError("GUEST_POLICY_MIGRATE_MA_SET", "A migration agent may take the guest's memory to other machines.");
  }
  if (policy.singleSocket && refuseSingleSocket) {
    throw snpError("GUEST_POLICY_SINGLE_SOCKET_SET", "The guest demands a machine with a single socket.");
  }
  if (policy.hasReservedBits || !policy.reservedMbo) {
    throw snpError("GUEST_POLICY_RESERVED_BIT_SET", "The guest's policy has bits that this build doesn't know.");
  }
  if (readPlatformInfo(report).hasReservedBits) {
    throw snpError("PLATFORM_INFO_INVALID", "The machine reports features that this build doesn't know.");
  }
  checkSignerInfo(report);
}

function checkSignerInfo(report: SnpReport): void {
  const { authorKeyEnabled, maskChipKey, signingKey, hasReservedBits } = readSignerInfo(report);
  // A masked chip key signs nothing; without an author key there is nothing to digest.
  const isMaskedButSigned = maskChipKey && signingKey === "vcek";
  const isDigestOfNothing = !authorKeyEnabled && !isAllZero(report.authorKeyDigest);
  if (hasReservedBits || signingKey === undefined || isMaskedButSigned || isDigestOfNothing) {
    throw snpError("SIGNER_INFO_INVALID", "What the report says of its signer contradicts itself.");
  }
}
