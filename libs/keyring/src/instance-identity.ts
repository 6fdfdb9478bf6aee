import { create } from "@bufbuild/protobuf";
import { reportData, type AttestedRole, type EvidenceSource } from "@cloister/attestation";
import { InstanceEvidenceSchema, type InstanceEvidence } from "@cloister/contracts/keys/authority";
import { createKemPrivateKey, createSigningKey, type KemPrivateKey, type SigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Clock } from "@cloister/service";

/** Below the hour that verifiers allow, so that clocks may differ by minutes. */
const EVIDENCE_LIFE_MS = 50 * 60_000;
const RENEW_AFTER_MS = 10 * 60_000;

export interface InstanceIdentityOptions {
  readonly role: AttestedRole;
  readonly source: EvidenceSource;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  readonly clock: Clock;
}

/** One running instance: keys made at its start, never written down, and bound by evidence to the code that runs. */
export class InstanceIdentity {
  readonly role: AttestedRole;
  readonly kem: KemPrivateKey;
  readonly signer: SigningKey;
  readonly #options: InstanceIdentityOptions;
  #cached: { readonly evidence: Promise<InstanceEvidence>; readonly madeAtMs: number } | undefined;

  constructor(options: InstanceIdentityOptions) {
    this.role = options.role;
    this.#options = options;
    this.kem = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
    this.signer = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
  }

  /** Evidence over a challenge of 32 bytes. */
  async prove(nonce: Uint8Array): Promise<InstanceEvidence> {
    const { source, configurationDigest, clock, role } = this.#options;
    const binding = {
      role,
      configurationDigest,
      kemPublicKey: this.kem.publicKeyBytes,
      signingPublicKey: this.signer.publicKeyBytes,
      notAfterMs: clock.nowMs() + EVIDENCE_LIFE_MS,
      nonce,
    };
    const [evidence, releaseManifests = []] = await Promise.all([
      source.collect(reportData(binding)),
      source.releaseManifests?.(),
    ]);
    const notAfterMs = BigInt(binding.notAfterMs);
    return create(InstanceEvidenceSchema, {
      ...binding,
      evidence,
      notAfterMs,
      releaseManifests: [...releaseManifests],
    });
  }

  /** Evidence without a challenge, at most 10 minutes old. */
  async standingEvidence(): Promise<InstanceEvidence> {
    const nowMs = this.#options.clock.nowMs();
    const cached = this.#cached;
    if (cached !== undefined && nowMs >= cached.madeAtMs && nowMs < cached.madeAtMs + RENEW_AFTER_MS) {
      return cached.evidence;
    }
    const made = { evidence: this.prove(new Uint8Array()), madeAtMs: nowMs };
    this.#cached = made;
    made.evidence.catch(() => this.#cached === made && (this.#cached = undefined));
    return made.evidence;
  }

  destroy(): void {
    this.kem.destroy();
    this.signer.destroy();
  }
}
