import { equalBytes } from "@noble/curves/utils.js";
import type { Certificate } from "./certificate.ts";
import { allowsKeyUsage, basicConstraintsOf, extensionOid } from "./extensions.ts";
import { isSignedByKeyOf } from "./signature.ts";

/** Why a path doesn't lead from its leaf to its root. */
export type PathFault =
  "ISSUER_MISMATCH" | "SIGNATURE_INVALID" | "NOT_AN_AUTHORITY" | "PATH_TOO_LONG" | "UNKNOWN_CRITICAL_EXTENSION";

export interface FaultyCertificate<Fault> {
  readonly fault: Fault;
  /** Index in the path, 0 the leaf. */
  readonly position: number;
}

const MAX_PATH = 8;
const understood: ReadonlySet<string> = new Set([extensionOid.basicConstraints, extensionOid.keyUsage]);

/**
 * Checks all of a path that doesn't depend on the time (RFC 5280 6.1): each certificate is issued and signed by the
 * next, the last by itself; all but the first are authorities within their path length that may sign certificates;
 * nobody has a critical extension that isn't understood. The caller decides whether it trusts the last one.
 * @param path the leaf first, the root last: at least two, at most 8.
 * @returns the fault nearest to the root, undefined if there is none.
 * @throws AttestationError EVIDENCE_MALFORMED if an extension is not in its format.
 */
export async function faultOfPath(path: readonly Certificate[]): Promise<FaultyCertificate<PathFault> | undefined> {
  if (path.length < 2 || path.length > MAX_PATH) return { fault: "PATH_TOO_LONG", position: 0 };
  for (const [position, certificate] of [...path.entries()].reverse()) {
    const fault = await faultOfOne(certificate, path[position + 1] ?? certificate, position);
    if (fault) return { fault, position };
  }
  return undefined;
}

async function faultOfOne(
  certificate: Certificate,
  issuer: Certificate,
  position: number,
): Promise<PathFault | undefined> {
  if (position > 0) {
    const { isAuthority, pathLength } = basicConstraintsOf(certificate.extensions);
    if (!isAuthority || !allowsKeyUsage(certificate.extensions, "keyCertSign")) return "NOT_AN_AUTHORITY";
    if (pathLength !== undefined && position - 1 > pathLength) return "PATH_TOO_LONG";
  }
  for (const [oid, { isCritical }] of certificate.extensions) {
    if (isCritical && !understood.has(oid)) return "UNKNOWN_CRITICAL_EXTENSION";
  }
  if (!equalBytes(certificate.issuer, issuer.subject)) return "ISSUER_MISMATCH";
  return (await isSignedByKeyOf(issuer, certificate)) ? undefined : "SIGNATURE_INVALID";
}

export type ValidityFault = "EXPIRED" | "NOT_YET_VALID";

/** The first certificate of the path, from its leaf, that isn't valid at that time. Both ends count as valid. */
export function invalidAt(path: readonly Certificate[], nowMs: number): FaultyCertificate<ValidityFault> | undefined {
  for (const [position, { notBeforeMs, notAfterMs }] of path.entries()) {
    if (nowMs > notAfterMs) return { fault: "EXPIRED", position };
    if (nowMs < notBeforeMs) return { fault: "NOT_YET_VALID", position };
  }
  return undefined;
}
