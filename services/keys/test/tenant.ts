import { randomBytes } from "node:crypto";
import type { AttestedRole } from "@cloister/attestation";
import { SimulatedRoot, simulatedEvidenceSource } from "@cloister/attestation/simulated";
import {
  createKemPrivateKey,
  createSigningKey,
  deriveConversationId,
  deriveTenantId,
  type KemPrivateKey,
  type SigningKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  clientKeysHash,
  DAY_MS,
  definePolicy,
  noteSigner,
  HOUR_MS,
  openConversationSigningBytes,
  renewConversationSigningBytes,
  signAdmission,
  signerFromSeed,
  signPolicy,
  signRootRotation,
  type Admission,
  type NoteSigner,
  type Policy,
  type PolicyChoices,
} from "@cloister/policy";

export const configurationDigest = new Uint8Array(48).fill(9);
/** One root for all: in development it is one per data folder. */
export const simulatedRoot = SimulatedRoot.create();

const programs: Readonly<Record<AttestedRole, number>> = {
  keys: 1,
  redaction: 2,
  "enclave-inference": 3,
  embedding: 4,
};

export function measurementOf(role: AttestedRole): Uint8Array {
  return new Uint8Array(48).fill(programs[role]);
}

export function evidenceOf(role: AttestedRole, clock: { nowMs(): number }, measurement = measurementOf(role)) {
  return simulatedEvidenceSource(simulatedRoot, { role, measurement }, clock);
}

export const newSigner = (): NoteSigner => signerFromSeed(randomBytes(32));

const allowed = (role: AttestedRole) => [{ measurement: measurementOf(role), configurationDigest }];

/** A tenant: its root, its policies, its admission issuer. */
export class TestTenant {
  readonly genesis = newSigner();
  readonly admissionIssuer = newSigner();
  readonly tenantId = deriveTenantId(this.genesis.publicKey);
  readonly #roots: NoteSigner[] = [this.genesis];
  readonly rootRotations: Uint8Array[] = [];

  get root(): NoteSigner {
    return this.#roots.at(-1) ?? this.genesis;
  }

  rotateRoot(nowMs: number): void {
    const next = newSigner();
    const rotation = {
      tenantId: this.tenantId,
      index: this.#roots.length,
      newRoot: next.publicKey,
      issuedAtMs: nowMs,
    };
    this.rootRotations.push(signRootRotation(rotation, this.root));
    this.#roots.push(next);
  }

  policy(nowMs: number, choices: Partial<PolicyChoices> = {}): Policy {
    return definePolicy("standard", {
      version: 1,
      tenantId: this.tenantId,
      roots: this.#roots.map((root) => root.publicKey),
      notBeforeMs: nowMs - HOUR_MS,
      expiresAtMs: nowMs + 80 * DAY_MS,
      measurements: {
        keys: allowed("keys"),
        redaction: allowed("redaction"),
        "enclave-inference": allowed("enclave-inference"),
        embedding: allowed("embedding"),
      },
      admissionIssuers: [{ name: "app-backend", publicKey: this.admissionIssuer.publicKey }],
      kms: { custody: "byok", provider: "local", keyRef: "" },
      development: true,
      simulatedRoots: [simulatedRoot.publicKey],
      ...choices,
    });
  }

  /** The request that applies a policy. */
  signed(policy: Policy, root: NoteSigner = this.root) {
    return {
      genesisRoot: this.genesis.publicKey,
      rootRotations: [...this.rootRotations],
      policy: signPolicy(policy, root),
    };
  }

  admission(
    client: TestClient,
    nowMs: number,
    changes: Partial<Admission> = {},
    issuer = this.admissionIssuer,
  ): Uint8Array {
    const admission: Admission = {
      id: randomBytes(16),
      tenantId: this.tenantId,
      clientKeysHash: clientKeysHash(client.publicKeys),
      kind: "chat",
      subjectRef: null,
      knowledgeBases: [],
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + HOUR_MS,
      ...changes,
    };
    return signAdmission(admission, issuer);
  }
}

/** A client's keys of one conversation. */
export class TestClient {
  readonly kem: KemPrivateKey = createKemPrivateKey(nodeBackend, randomBytes(32));
  readonly signer: SigningKey = createSigningKey(nodeBackend, randomBytes(32));
  readonly salt = randomBytes(16);

  get publicKeys() {
    return { clientKemPublicKey: this.kem.publicKeyBytes, clientSigningPublicKey: this.signer.publicKeyBytes };
  }

  conversationId(tenant: TestTenant) {
    const keys = { kem: this.kem.publicKeyBytes, signing: this.signer.publicKeyBytes };
    return deriveConversationId(tenant.tenantId, keys, this.salt);
  }

  openRequest(tenant: TestTenant, admission: Uint8Array, nonce: Uint8Array = randomBytes(32)) {
    const fields = { tenantId: tenant.tenantId, ...this.publicKeys, salt: this.salt, nonce, admission };
    return { ...fields, signature: this.signer.sign(openConversationSigningBytes(fields)) };
  }

  renewRequest(tenant: TestTenant, requestedAtMs: number, replyKey: KemPrivateKey, signer = noteSigner(this.signer)) {
    const fields = {
      tenantId: tenant.tenantId,
      conversationId: this.conversationId(tenant),
      nonce: randomBytes(32),
      clientKemPublicKey: replyKey.publicKeyBytes,
      requestedAtMs: BigInt(requestedAtMs),
    };
    return { ...fields, signature: signer.sign(renewConversationSigningBytes(fields)) };
  }
}
