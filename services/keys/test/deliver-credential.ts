import { randomBytes } from "node:crypto";
import type { BeginUnlockResponse, InstanceEvidence } from "@cloister/contracts/keys/authority";
import { createKemPublicKey, hpkeSeal } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  kmsCredentialAad,
  kmsCredentialCommitment,
  kmsCredentialInfo,
  signKekDestruction,
  signKmsUnlock,
  type NoteSigner,
  type Policy,
} from "@cloister/policy";
import type { RunningKeys } from "@cloister/service-keys";
import type { KmsCredential } from "../src/kms/kms-credential.ts";
import type { TestTenant } from "./tenant.ts";
import type { UnlockWorld } from "./unlock-world.ts";

export interface Delivery {
  readonly tenant: TestTenant;
  readonly credential: KmsCredential;
  readonly signer?: NoteSigner;
  readonly office?: "root" | "delegate";
  readonly action?: "unlock" | "lock";
  readonly keys?: RunningKeys;
  readonly begun?: BeginUnlockResponse;
  /** Of the tenant's clock. */
  readonly aheadMs?: number;
}

/** A delivery as the tenant makes one: credential sealed to the evidence and signed for. */
export async function deliver(world: UnlockWorld, { tenant, credential, keys = world.keys, ...changes }: Delivery) {
  const { tenantId, rootRotations } = tenant;
  const begun = changes.begun ?? (await world.authorityAt(keys).beginUnlock({ tenantId, nonce: randomBytes(32) }));
  const { challenge } = begun;
  const { commitment, sealed } = sealedTo(begun, tenantId, credential);
  const { action = "unlock", signer = tenant.root, office = "root" } = changes;
  const statement = signKmsUnlock(
    {
      tenantId,
      action,
      challenge,
      commitment: action === "lock" ? new Uint8Array(32) : commitment,
      issuedAtMs: world.clock.nowMs() + (changes.aheadMs ?? 0),
    },
    signer,
    office,
  );
  world.clock.advance(1);
  const request = { genesisRoot: tenant.genesis.publicKey, rootRotations, statement };
  return { ...request, sealed: action === "lock" ? new Uint8Array() : sealed };
}

/** The evidence of an answer that came with some. */
export function keysOf({ keysEvidence }: BeginUnlockResponse): InstanceEvidence {
  if (keysEvidence === undefined) throw new Error("keys answered without evidence");
  return keysEvidence;
}

function sealedTo(begun: BeginUnlockResponse, tenantId: Uint8Array, credential: KmsCredential) {
  const [salt, json] = [randomBytes(32), Buffer.from(JSON.stringify(credential))];
  const aad = kmsCredentialAad(tenantId, begun.challenge);
  const kem = createKemPublicKey(nodeBackend, keysOf(begun).kemPublicKey);
  const sealed = hpkeSeal(nodeBackend, kem, kmsCredentialInfo(), aad, Buffer.concat([salt, json]));
  return { commitment: kmsCredentialCommitment(salt, json), sealed };
}

export interface Order {
  readonly tenant: TestTenant;
  /** The KEK that it names. */
  readonly kms: Pick<Policy["kms"], "provider" | "keyRef">;
  /** One that may destroy it; without, that of keys is used. */
  readonly credential?: KmsCredential;
  readonly signer?: NoteSigner;
  readonly office?: "root" | "delegate";
}

/** An order to destroy the tenant's KEK, as the tenant makes one. */
export async function orderDestruction(world: UnlockWorld, { tenant, kms, credential, ...changes }: Order) {
  const { tenantId, rootRotations } = tenant;
  const begun = await world.authority.beginUnlock({ tenantId, nonce: randomBytes(32) });
  const nothing = { commitment: new Uint8Array(32), sealed: new Uint8Array() };
  const { commitment, sealed } = credential === undefined ? nothing : sealedTo(begun, tenantId, credential);
  const { provider, keyRef } = kms;
  const order = { tenantId, provider, keyRef, challenge: begun.challenge, commitment, issuedAtMs: world.clock.nowMs() };
  const statement = signKekDestruction(order, changes.signer ?? tenant.root, changes.office ?? "root");
  return { genesisRoot: tenant.genesis.publicKey, rootRotations, statement, sealed };
}
