import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, encode } from "cborg";
import { equalBytes } from "@noble/curves/utils.js";
import { AttestationError } from "../../errors.ts";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "../../verifier.ts";
import { type AuthenticSnpReport, SnpAuthenticator, type SnpCertificates } from "./authenticate.ts";
import { snpError } from "./faults.ts";
import { checkGuest } from "./guest-checks.ts";
import { isTcbAtLeast } from "./tcb.ts";

export interface SnpEvidence {
  /** 1,184 bytes. */
  readonly report: Uint8Array;
  /** DER of the VCEK or VLEK. */
  readonly endorsementKey: Uint8Array;
  /** DER of AMD's list of revoked authorities. */
  readonly revocationList?: Uint8Array | undefined;
}

const NO_HOST_DATA = new Uint8Array(32);
const MAX_BODY_BYTES = 16 * 1024;
/** Less privileged levels are not what was measured and started first. */
const MOST_PRIVILEGED_LEVEL = 0;

/** The body of tagged evidence: deterministic CBOR [report, VCEK or VLEK], with AMD's revocation list as a third if any. */
export function encodeSnpEvidence({ report, endorsementKey, revocationList }: SnpEvidence): Uint8Array {
  return encode([report, endorsementKey, ...(revocationList ? [revocationList] : [])]);
}

/** @throws AttestationError EVIDENCE_MALFORMED. */
export function decodeSnpEvidence(body: Uint8Array): SnpEvidence {
  if (body.length > MAX_BODY_BYTES) throw malformed();
  let fields: unknown;
  try {
    fields = decode(body, { strict: true, allowIndefinite: false });
  } catch (cause) {
    throw malformed(cause);
  }
  const list: readonly unknown[] = Array.isArray(fields) ? fields : [];
  const [report, endorsementKey, revocationList, ...rest] = list;
  if (!(report instanceof Uint8Array) || !(endorsementKey instanceof Uint8Array) || rest.length > 0) throw malformed();
  if (revocationList !== undefined && !(revocationList instanceof Uint8Array)) throw malformed();
  const evidence = { report, endorsementKey, revocationList };
  if (!equalBytes(encodeSnpEvidence(evidence), body)) throw malformed();
  return evidence;
}

/**
 * Evidence of AMD SEV-SNP. The measurement is the launch measurement, the machine is named by CHIP_ID. Reports carry no
 * time.
 */
export function snpVerifier(authenticator = new SnpAuthenticator()): EvidenceVerifier {
  return {
    format: "sev-snp",
    async verify(body: Uint8Array, policy: EvidencePolicy, nowMs: number): Promise<EvidenceClaims> {
      const { report, ...certificates } = decodeSnpEvidence(body);
      const verified = await authenticator.authenticate(report, certificates, nowMs);
      checkList(certificates, policy);
      checkMachine(verified, policy);
      const { measurement, reportData, chipId } = verified.report;
      const isNamed = verified.signingKey === "vcek";
      return { measurement, reportData, ...(isNamed ? { platformIdHex: bytesToHex(chipId) } : {}) };
    },
  };
}

function checkList({ revocationList }: SnpCertificates, { hardware }: EvidencePolicy): void {
  if (hardware?.["sev-snp"]?.revocationList !== "required" || revocationList) return;
  throw snpError(
    "ARK_CRL_MISSING",
    "The policy demands AMD's revocation list, which the evidence doesn't bring along.",
  );
}

function checkMachine({ report, product, reportedTcb }: AuthenticSnpReport, { hardware }: EvidencePolicy): void {
  const { minimumTcb = {}, hostData = [NO_HOST_DATA] } = hardware?.["sev-snp"] ?? {};
  const minimum = minimumTcb[product];
  if (minimum === undefined || !isTcbAtLeast(reportedTcb, minimum)) {
    throw snpError("TCB_OUT_OF_DATE", `The policy doesn't accept this firmware of ${product}.`);
  }
  checkGuest(report, { refuseSingleSocket: false });
  if (hostData !== "any" && !hostData.some((allowed) => equalBytes(allowed, report.hostData))) {
    throw snpError("HOST_DATA_MISMATCH", "The host gave the guest data that the policy doesn't name.");
  }
  if (report.vmpl !== MOST_PRIVILEGED_LEVEL) {
    throw new AttestationError(
      "GUEST_NOT_ALLOWED",
      "The report was asked for from a less privileged level of the guest.",
    );
  }
}

function malformed(cause?: unknown): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", "The evidence of SEV-SNP is not in its format.", { cause });
}
