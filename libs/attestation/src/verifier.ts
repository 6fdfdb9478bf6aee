import type { SnpProduct, SnpTcb } from "./formats/sev-snp/tcb.ts";
import type { QvResult } from "./formats/tdx/tcb-status.ts";
import type { AttestedRole } from "./roles.ts";
import type { EvidenceFormat } from "./tagged-evidence.ts";

/** One program and one configuration that a policy allows in a role. */
export interface AllowedMeasurement {
  /** SHA-384, 48 bytes: what `EvidenceClaims.measurement` says of the format. */
  readonly measurement: Uint8Array;
  /** SHA-384 of the configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  /** When it is allowed; always if left out. The end doesn't count. */
  readonly notBeforeMs?: number | undefined;
  readonly notAfterMs?: number | undefined;
  /** Which evidence it is of; of any if left out. */
  readonly format?: EvidenceFormat | undefined;
}

/** What a tenant's signed policy says about evidence. What it leaves out is refused. */
export interface EvidencePolicy {
  readonly measurements: Readonly<Record<AttestedRole, readonly AllowedMeasurement[]>>;
  /** Programs, SHA-384, 48 bytes each, that are refused in every role, whatever allows them. */
  readonly withdrawn?: readonly Uint8Array[] | undefined;
  /** P-256 keys, compressed, 33 bytes. Empty unless the policy is marked `development`. */
  readonly simulatedRoots: readonly Uint8Array[];
  /** Which hardware counts, and how old its firmware may be. A format that isn't named is refused. */
  readonly hardware?: HardwarePolicy | undefined;
  /** Older evidence is refused; of formats without a clock, all that answers no challenge of the verifier's own. */
  readonly maximumAgeMs?: number | undefined;
  /** Evidence must prove that it comes from one of these regions. */
  readonly attestedRegions?: AttestedRegions | undefined;
  /** Roles that must run beside a GPU whose confidential mode is attested. */
  readonly gpu?: GpuPolicy | undefined;
}

export interface HardwarePolicy {
  readonly "aws-nitro"?: NitroPolicy | undefined;
  readonly "sev-snp"?: SnpPolicy | undefined;
  readonly "intel-tdx"?: TdxPolicy | undefined;
}

/** Debug enclaves are refused always. */
export interface NitroPolicy {
  /** Further registers that must have these values: 3 the parent's role, 4 its instance, 8 the image's signer. */
  readonly pcrs?: Readonly<Record<string, Uint8Array>> | undefined;
}

/** Debugging, migration agents and unknown bits are refused always. */
export interface SnpPolicy {
  /** Lowest patch levels by product line; a line that isn't named is refused. */
  readonly minimumTcb: Readonly<Partial<Record<SnpProduct, MinimumSnpTcb | undefined>>>;
  /** HOST_DATA, 32 bytes, has to be one of these, as the host gives it and no measurement covers it; zeros if left out. */
  readonly hostData?: readonly Uint8Array[] | "any" | undefined;
  /** Whether evidence must bring AMD's list of revoked authorities. One that it brings counts always. */
  readonly revocationList?: "required" | undefined;
}

/** What is left out may be anything. */
export type MinimumSnpTcb = { readonly [Part in keyof SnpTcb]?: number | undefined };

/** Debugging and unknown bits are refused always. */
export interface TdxPolicy {
  /** What may come of Intel's rules for the platform's status; `OK` alone if left out. */
  readonly acceptedResults?: readonly QvResult[] | undefined;
  readonly minimumTcbEvaluationDataNumber?: number | undefined;
}

export interface AttestedRegions {
  readonly regions: readonly string[];
  /** By region: ids of machines that the tenant knows to stand there, lower-case hex (`EvidenceClaims.platformIdHex`). */
  readonly platforms: Readonly<Record<string, readonly string[]>>;
}

export interface GpuPolicy {
  readonly roles: readonly AttestedRole[];
  /** Who signs claims about GPUs, as `iss` has it. */
  readonly issuer: string;
}

/** What one format's verifier found authentic. Everything else is checked the same way for all formats. */
export interface EvidenceClaims {
  /** Of formats that state one. */
  readonly role?: string;
  /** 48 bytes. Nitro: PCR0. SEV-SNP: the launch measurement. TDX: `tdxMeasurement`. */
  readonly measurement: Uint8Array;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** When it was made, of formats that have a clock: Nitro has, SEV-SNP and TDX haven't. */
  readonly issuedAtMs?: number;
  /** Of formats whose hardware proves where it stands. */
  readonly region?: string;
  /** The chip, lower-case hex, where the evidence names it: 128 digits of SEV-SNP's CHIP_ID, 32 of TDX's PPID. */
  readonly platformIdHex?: string;
}

/** One format: parses the body and proves that the policy's trust anchor signed it. */
export interface EvidenceVerifier {
  readonly format: EvidenceFormat;
  /**
   * @throws AttestationError EVIDENCE_MALFORMED, ROOT_NOT_TRUSTED or SIGNATURE_INVALID, and of hardware
   * EVIDENCE_EXPIRED, CERTIFICATE_REVOKED, TCB_NOT_ACCEPTED or GUEST_NOT_ALLOWED; a promise is rejected with it.
   */
  verify(body: Uint8Array, policy: EvidencePolicy, nowMs: number): EvidenceClaims | Promise<EvidenceClaims>;
}
