import { equalBytes } from "@noble/curves/utils.js";
import {
  allowsKeyUsage,
  basicConstraintsOf,
  type Certificate,
  type FaultyCertificate,
  invalidAt,
  isEcdsaSignature,
  parseCertificate,
  publicKeyOf,
  VerifiedPaths,
} from "../../certificates/index.ts";
import { fromBase64 } from "../../base64.ts";
import { AttestationError } from "../../errors.ts";
import { amdAuthorities } from "./amd/index.ts";
import { type EndorsementKey, readEndorsementKey } from "./endorsement-key.ts";
import { type SnpFault, snpError } from "./faults.ts";
import { productOfProcessor } from "./processor.ts";
import { checkNotRevoked } from "./revocation.ts";
import { checkReserved, parseSnpReport, type SnpReport } from "./report.ts";
import { readSignerInfo, type SigningKey } from "./report-bits.ts";
import { hasReservedTcb, isSameTcb, readTcb, type SnpProduct, type SnpTcb } from "./tcb.ts";
import { isAllZero } from "./zeros.ts";

/** Authorities in place of AMD's own, DER. For tests and for chains that are made up on purpose. */
export interface SnpAuthorities {
  readonly ark?: Uint8Array;
  readonly ask?: Uint8Array;
}

/** What a report is authenticated by. */
export interface SnpCertificates {
  /** DER of the VCEK or VLEK. */
  readonly endorsementKey: Uint8Array;
  /** DER of AMD's list of revoked authorities, signed by the ARK. Without it revocation is not looked at. */
  readonly revocationList?: Uint8Array | undefined;
}

/** A report that a genuine chip signed. Whether the guest may be trusted is for a policy to say. */
export interface AuthenticSnpReport {
  readonly report: SnpReport;
  readonly product: SnpProduct;
  readonly signingKey: SigningKey;
  readonly reportedTcb: SnpTcb;
}

interface Chain {
  readonly leaf: Certificate;
  readonly authority: Certificate;
  readonly root: Certificate;
}

/** Faults of a path's certificates, from the leaf. */
const pathFaults: readonly SnpFault[] = ["VCEK_CHAIN_INVALID", "ASK_INVALID", "ARK_UNTRUSTED"];
/** AMD's own authority follows from AMD's root, so another root that it doesn't follow from is the one at fault. */
const pathFaultsOfRoot: readonly SnpFault[] = ["VCEK_CHAIN_INVALID", "ARK_UNTRUSTED", "ARK_UNTRUSTED"];
const validityFaults: readonly SnpFault[] = ["VCEK_EXPIRED", "ASK_INVALID", "ARK_UNTRUSTED"];

/** Checks reports of SEV-SNP against AMD's roots. Chains are checked once and kept, at most 256. */
export class SnpAuthenticator {
  readonly #authorities: SnpAuthorities;
  readonly #paths = new VerifiedPaths();

  constructor(authorities: SnpAuthorities = {}) {
    this.#authorities = authorities;
  }

  /**
   * In this order: the report's format; the chain VCEK or VLEK → ASK or ASVK → ARK, its validity and its revocation;
   * the report's signature; zeros where its version reserves them; that the certificate is of this chip and this TCB.
   * @throws AttestationError with an `SnpFault`.
   */
  async authenticate(
    report: Uint8Array,
    { endorsementKey, revocationList }: SnpCertificates,
    nowMs: number,
  ): Promise<AuthenticSnpReport> {
    const parsed = parseSnpReport(report);
    const key = readEndorsementKey(endorsementKey);
    const { leaf, authority, root } = await this.#trusted(key, nowMs);
    if (revocationList) await checkNotRevoked(authority, root, revocationList, nowMs);
    await checkSignature(parsed, leaf);
    checkReserved(parsed);
    checkSigner(parsed, key);
    const reportedTcb = readTcb(parsed.reportedTcb, key.product);
    checkCertified(parsed, reportedTcb, key);
    return { report: parsed, product: key.product, signingKey: key.kind, reportedTcb };
  }

  get #isOnlyRootReplaced(): boolean {
    return this.#authorities.ark !== undefined && this.#authorities.ask === undefined;
  }

  /** The key's certificate as it was parsed when its chain was checked: its imported key is kept with it. */
  async #trusted({ certificate, kind, product }: EndorsementKey, nowMs: number): Promise<Chain> {
    const builtIn = builtInAuthorities(product, kind);
    const { ark = builtIn.ark, ask = builtIn.ask } = this.#authorities;
    if (this.#authorities.ask) checkAuthority(ask, "ASK_INVALID");
    if (this.#authorities.ark) checkAuthority(ark, "ARK_UNTRUSTED");
    const { path, faulty } = await this.#paths.verify([certificate.der, ask, ark]);
    if (faulty) throw chainError(this.#isOnlyRootReplaced ? pathFaultsOfRoot : pathFaults, faulty);
    const invalid = invalidAt(path, nowMs);
    if (invalid) throw chainError(validityFaults, invalid);
    const [leaf, authority, root] = path;
    if (!leaf || !authority || !root) throw snpError("VCEK_CHAIN_INVALID", "The chain is not whole.");
    return { leaf, authority, root };
  }
}

function checkAuthority(der: Uint8Array, fault: SnpFault): void {
  try {
    const { extensions } = parseCertificate(der);
    basicConstraintsOf(extensions);
    allowsKeyUsage(extensions, "keyCertSign");
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw snpError(fault, "An authority that was given is no certificate.", cause);
  }
}

function chainError(faults: readonly SnpFault[], { fault, position }: FaultyCertificate<string>): AttestationError {
  const name = ["VCEK or VLEK", "ASK or ASVK", "ARK"][position] ?? "chain";
  return snpError(faults[position] ?? "VCEK_CHAIN_INVALID", `The ${name} doesn't hold: ${fault}.`);
}

async function checkSignature({ signed, signature }: SnpReport, leaf: Certificate): Promise<void> {
  const key = await publicKeyOf(leaf);
  if (!key || !(await isEcdsaSignature(key, "SHA-384", signature, signed))) {
    throw snpError("REPORT_SIGNATURE_INVALID", "The report isn't signed by the key of its certificate.");
  }
}

function checkSigner(report: SnpReport, { kind }: EndorsementKey): void {
  if (readSignerInfo(report).signingKey !== kind) {
    throw snpError("SIGNER_INFO_INVALID", "The report names another kind of key than the one that signed it.");
  }
}

function checkCertified(report: SnpReport, reportedTcb: SnpTcb, { hardwareId, product, tcb }: EndorsementKey): void {
  if ((productOfProcessor(report) ?? product) !== product) {
    throw snpError("VCEK_CHAIN_INVALID", "The report is of a processor of another line than its certificate.");
  }
  if (hardwareId && !isChip(report.chipId, hardwareId)) {
    throw snpError("VCEK_HWID_MISMATCH", "The report is of another chip than its certificate, or hides its chip.");
  }
  if (!isSameTcb(reportedTcb, tcb) || hasReservedTcb(report.reportedTcb, product)) {
    throw snpError("VCEK_TCB_MISMATCH", "The report states other patch levels than its certificate.");
  }
}

/** Turin's id is shorter than its field. */
function isChip(chipId: Uint8Array, hardwareId: Uint8Array): boolean {
  const { length } = hardwareId;
  return equalBytes(chipId.subarray(0, length), hardwareId) && isAllZero(chipId.subarray(length));
}

type BuiltIn = Readonly<Required<SnpAuthorities>>;
const decoded = new Map<string, BuiltIn>();

function builtInAuthorities(product: SnpProduct, kind: SigningKey): BuiltIn {
  const name = `${product} ${kind}`;
  const known = decoded.get(name);
  if (known) return known;
  const { ark, ask, asvk } = amdAuthorities[product];
  const authorities = { ark: fromBase64(ark), ask: fromBase64(kind === "vlek" ? asvk : ask) };
  decoded.set(name, authorities);
  return authorities;
}
