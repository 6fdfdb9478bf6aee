import { reportData, type AttestedRole } from "@cloister/attestation";
import { SimulatedRoot, simulatedEvidenceSource } from "@cloister/attestation/simulated";
import { deriveTenantId } from "@cloister/envelope";
import { randomBytes } from "@noble/hashes/utils.js";
import {
  DAY_MS,
  definePolicy,
  signIssuerNote,
  signPolicy,
  signRootRotation,
  signerFromSeed,
  type NoteSigner,
  type AuthorityChainFields,
  type InstanceEvidenceFields,
  type Policy,
  type PolicyChoices,
} from "@cloister/policy";

export const nowMs = Date.UTC(2026, 10, 22, 12, 34, 56);
export const measurement = new Uint8Array(48).fill(7);
export const configurationDigest = new Uint8Array(48).fill(9);

export const newSigner = (): NoteSigner => signerFromSeed(randomBytes(32));

/** A tenant with everything that its chain needs, as `tenant init` and `keys` make it together. */
export function newTenant(choices: Partial<PolicyChoices> = {}, rotations = 0) {
  const rootSigners = Array.from({ length: rotations + 1 }, newSigner);
  const [genesis] = rootSigners;
  const root = rootSigners.at(-1);
  if (!genesis || !root) throw new Error("a tenant has a root");
  const tenantId = deriveTenantId(genesis.publicKey);
  const rootRotations = rootSigners
    .slice(1)
    .map((next, position) =>
      signRootRotation(
        { tenantId, index: position + 1, newRoot: next.publicKey, issuedAtMs: nowMs },
        rootSigners[position] ?? genesis,
      ),
    );
  const simulatedRoot = SimulatedRoot.create();
  const admissionIssuer = newSigner();
  const allowed = [{ measurement, configurationDigest }];
  const policy = definePolicy("standard", {
    version: 3,
    tenantId,
    roots: rootSigners.map((signer) => signer.publicKey),
    notBeforeMs: nowMs - DAY_MS,
    expiresAtMs: nowMs + 30 * DAY_MS,
    measurements: { keys: allowed, redaction: allowed, "enclave-inference": allowed, embedding: allowed },
    admissionIssuers: [{ name: "app-backend", publicKey: admissionIssuer.publicKey }],
    kms: { custody: "byok", provider: "local", keyRef: "" },
    development: true,
    simulatedRoots: [simulatedRoot.publicKey],
    ...choices,
  });
  const keysSigner = newSigner();
  const issuer = newSigner();
  return { tenantId, genesis, root, rootRotations, simulatedRoot, admissionIssuer, policy, keysSigner, issuer };
}

export type Tenant = ReturnType<typeof newTenant>;

export async function evidenceOf(
  tenant: Tenant,
  role: AttestedRole,
  signingPublicKey: Uint8Array,
  changes: { nonce?: Uint8Array; notAfterMs?: number; measurement?: Uint8Array } = {},
): Promise<InstanceEvidenceFields> {
  const binding = {
    role,
    configurationDigest,
    kemPublicKey: new Uint8Array(1216).fill(3),
    signingPublicKey,
    notAfterMs: changes.notAfterMs ?? nowMs + 600_000,
    nonce: changes.nonce ?? new Uint8Array(),
  };
  const identity = { role, measurement: changes.measurement ?? measurement };
  const source = simulatedEvidenceSource(tenant.simulatedRoot, identity, { nowMs: () => nowMs });
  const evidence = await source.collect(reportData(binding));
  return { ...binding, notAfterMs: BigInt(binding.notAfterMs), evidence };
}

export async function chainOf(tenant: Tenant, policy: Policy = tenant.policy): Promise<AuthorityChainFields> {
  const { tenantId, issuer } = tenant;
  return {
    genesisRoot: tenant.genesis.publicKey,
    rootRotations: tenant.rootRotations,
    policy: signPolicy(policy, tenant.root),
    keysEvidence: await evidenceOf(tenant, "keys", tenant.keysSigner.publicKey),
    issuerNote: signIssuerNote({ tenantId, issuerKey: issuer.publicKey, issuedAtMs: nowMs }, tenant.keysSigner),
  };
}
