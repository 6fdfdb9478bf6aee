import { equalBytes } from "@noble/curves/utils.js";
import {
  type Certificate,
  certificatesFromPem,
  parseCertificate,
  type RevocationList,
  VerifiedPaths,
} from "../../certificates/index.ts";
import { INTEL_ROOT_CA } from "./intel-certificates.ts";
import type { QeIdentity } from "./qe-identity.ts";
import type { TcbInfo } from "./tcb-info.ts";
import { VerifiedOnce } from "./verified-once.ts";

/** The root that quotes and collateral must lead to, and what was already found to lead there. */
export class TdxTrust {
  readonly root: Certificate;
  readonly paths = new VerifiedPaths();
  readonly lists = new VerifiedOnce<RevocationList>();
  readonly tcbInfos = new VerifiedOnce<TcbInfo>();
  readonly qeIdentities = new VerifiedOnce<QeIdentity>();

  private constructor(root: Certificate) {
    this.root = root;
  }

  /** Intel's root of SGX and TDX, built in. */
  static intel(): TdxTrust {
    return TdxTrust.fromPem(INTEL_ROOT_CA);
  }

  /** Another root instead of Intel's. @throws AttestationError EVIDENCE_MALFORMED unless it is one certificate. */
  static fromPem(pem: string): TdxTrust {
    const [der = new Uint8Array(), ...others] = certificatesFromPem(pem);
    return new TdxTrust(parseCertificate(others.length === 0 ? der : new Uint8Array()));
  }

  /**
   * An issuer and the trusted root, if the first follows from the second; undefined for everything else. Roots of others
   * are refused before anything of theirs is checked or kept: whoever brings one would choose what that costs.
   * @throws AttestationError EVIDENCE_MALFORMED if a certificate is not in its format.
   */
  async issuerPath(ders: readonly Uint8Array[]): Promise<readonly Certificate[] | undefined> {
    const [, root, ...others] = ders;
    if (!root || others.length > 0 || !equalBytes(root, this.root.der)) return undefined;
    return (await this.paths.verify(ders)).path;
  }
}
