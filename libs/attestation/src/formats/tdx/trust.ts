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
}
