import { reportData, type AttestedRole, type EvidenceSource } from "@cloister/attestation";
import { simulatedEvidenceSource, SimulatedRoot } from "@cloister/attestation/simulated";
import { deriveTenantId, type TenantId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  clientKeysHash,
  DAY_MS,
  definePolicy,
  signAdmission,
  signerFromSeed,
  signInstanceCertificate,
  signIssuerNote,
  signPolicy,
  signRootRotation,
  type AuthorityChainFields,
  type InstanceCertificate,
  type NoteSigner,
  type Policy,
  type PolicyChoices,
} from "@cloister/policy";

const evidenceLifeMs = 30 * 60 * 1000;
/** What every instance of a simulated tenant runs. */
export const simulatedMeasurement = new Uint8Array(48).fill(7);
/** What every instance of a simulated tenant says that it is configured as. */
export const simulatedConfiguration = new Uint8Array(48).fill(9);

export function newSigner(): NoteSigner {
  return signerFromSeed(nodeBackend.randomBytes(32));
}

/** A tenant with real signatures all the way, whose evidence is simulated: what `tenant init` and `keys` make together. */
export class SimulatedTenant {
  readonly tenantId: TenantId;
  readonly issuer = newSigner();
  policy: Policy;
  /** By role: the manifest that its issuer certifies instances by, or that `keys` shows; none where the policy lists them. */
  readonly releases = new Map<AttestedRole, NonNullable<InstanceCertificate["release"]>>();
  readonly #genesis = newSigner();
  #root = this.#genesis;
  readonly #rootRotations: Uint8Array[] = [];
  readonly #simulatedRoot = SimulatedRoot.create();
  readonly #admissionIssuer = newSigner();
  readonly #keysSigner = newSigner();
  readonly #keysEvidence: EvidenceSource | undefined;

  /** @param keysEvidence where `keys` gets evidence from, of hardware that `choices` name; simulated if left out. */
  constructor(nowMs: number, choices: Partial<PolicyChoices> = {}, keysEvidence?: EvidenceSource) {
    this.#keysEvidence = keysEvidence;
    this.tenantId = deriveTenantId(this.#root.publicKey);
    const allowed = [{ measurement: simulatedMeasurement, configurationDigest: simulatedConfiguration }];
    this.policy = definePolicy("standard", {
      version: 1,
      tenantId: this.tenantId,
      roots: [this.#root.publicKey],
      notBeforeMs: nowMs - DAY_MS,
      expiresAtMs: nowMs + 60 * DAY_MS,
      measurements: { keys: allowed, redaction: allowed, "enclave-inference": allowed, embedding: allowed },
      admissionIssuers: [{ name: "app-backend", publicKey: this.#admissionIssuer.publicKey }],
      kms: { custody: "byok", provider: "local", keyRef: "" },
      development: true,
      simulatedRoots: [this.#simulatedRoot.publicKey],
      ...choices,
    });
  }

  get signedPolicy(): {
    readonly genesisRoot: Uint8Array;
    readonly rootRotations: Uint8Array[];
    readonly policy: Uint8Array;
  } {
    const { publicKey: genesisRoot } = this.#genesis;
    return { genesisRoot, rootRotations: [...this.#rootRotations], policy: signPolicy(this.policy, this.#root) };
  }

  /** Another root signs from now on, beginning with the next version of the policy. */
  rotateRoot(nowMs: number): void {
    const next = newSigner();
    const { roots, version } = this.policy;
    const rotation = { tenantId: this.tenantId, index: roots.length, newRoot: next.publicKey, issuedAtMs: nowMs };
    this.#rootRotations.push(signRootRotation(rotation, this.#root));
    this.#root = next;
    this.policy = { ...this.policy, version: version + 1, roots: [...roots, next.publicKey] };
  }

  /** A signed admission statement, as the tenant's own backend gives it. */
  admit(
    keys: { readonly clientKemPublicKey: Uint8Array; readonly clientSigningPublicKey: Uint8Array },
    nowMs: number,
    kind: "chat" | "kb" = "chat",
  ): Uint8Array {
    const admission = {
      id: nodeBackend.randomBytes(16),
      tenantId: this.tenantId,
      clientKeysHash: clientKeysHash(keys),
      kind,
      subjectRef: null,
      knowledgeBases: [],
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 60_000,
    };
    return signAdmission(admission, this.#admissionIssuer);
  }

  /** Root → policy → evidence of `keys` → issuer, as `keys` shows it. */
  async chain(nowMs: number): Promise<Required<AuthorityChainFields>> {
    const binding = {
      role: "keys" as const,
      configurationDigest: simulatedConfiguration,
      kemPublicKey: new Uint8Array(1216).fill(3),
      signingPublicKey: this.#keysSigner.publicKey,
      notAfterMs: nowMs + evidenceLifeMs,
      nonce: new Uint8Array(),
    };
    const identity = { role: "keys" as const, measurement: simulatedMeasurement };
    const source = this.#keysEvidence ?? simulatedEvidenceSource(this.#simulatedRoot, identity, { nowMs: () => nowMs });
    const evidence = await source.collect(reportData(binding));
    const release = this.releases.get("keys");
    const releaseManifests = [...(release ? [release.manifest] : []), ...((await source.releaseManifests?.()) ?? [])];
    const issuerNote = { tenantId: this.tenantId, issuerKey: this.issuer.publicKey, issuedAtMs: nowMs };
    return {
      ...this.signedPolicy,
      keysEvidence: { ...binding, notAfterMs: BigInt(binding.notAfterMs), evidence, releaseManifests },
      issuerNote: signIssuerNote(issuerNote, this.#keysSigner),
    };
  }

  /** The issuer's word for an instance's signing key, valid from `nowMs` on for half an hour. */
  certify(role: AttestedRole, signingPublicKey: Uint8Array, nowMs: number): Uint8Array {
    const certificate = {
      tenantId: this.tenantId,
      role,
      measurement: simulatedMeasurement,
      configurationDigest: simulatedConfiguration,
      kemPublicKey: new Uint8Array(1216).fill(4),
      signingPublicKey,
      notBeforeMs: nowMs,
      notAfterMs: nowMs + evidenceLifeMs,
      release: this.releases.get(role),
    };
    return signInstanceCertificate(certificate, this.issuer);
  }
}
