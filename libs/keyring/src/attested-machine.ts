import type { AttestedRole, EvidenceSource, EvidenceVerifier } from "@cloister/attestation";
import type { Clock, Log } from "@cloister/service";

/** What an attested service needs to prove itself, whatever kind of machine it runs on. */
export interface AttestedMachine {
  readonly evidence: EvidenceSource;
  readonly verifiers: readonly EvidenceVerifier[];
  /** 48 bytes. */
  readonly measurement: Uint8Array;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
}

/** The machine that a service was started on. */
export interface Machine extends AttestedMachine {
  /** True where evidence is simulated: `development` policies count there, and others don't. */
  readonly isDevelopment: boolean;
  /** Roots of simulated evidence, P-256, compressed, 33 bytes each; none where it is of hardware. */
  readonly simulatedRoots: readonly Uint8Array[];
  /** In a Nitro enclave: a document that holds this public key (SubjectPublicKeyInfo, DER, at most 1,024 bytes). */
  readonly nitroDocument?: (publicKey: Uint8Array) => Promise<Uint8Array>;
}

/** The service that is to be attested. */
export interface MachineOwner {
  readonly role: AttestedRole;
  /** The folder of the files that the service is made of. */
  readonly code: URL;
  /** Its security-relevant settings; plain JSON values, in an order that stays. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly log: Log;
}
