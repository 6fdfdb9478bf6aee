import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { hardwareVerifiers } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import {
  BeginUnlockRequestSchema,
  BeginUnlockResponseSchema,
  type BeginUnlockResponse,
} from "@cloister/contracts/keys/authority";
import { createKemPublicKey, hpkeSeal } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  kmsCredentialAad,
  kmsCredentialCommitment,
  kmsCredentialInfo,
  signerFromSeed,
  verifyInstanceEvidence,
  verifyPolicy,
  type KekDestruction,
  type KmsUnlock,
  type NoteSigner,
  type Policy,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { callProtobuf } from "../call-protobuf.ts";
import { CliError } from "../cli-error.ts";
import type { ConnectionFlags, Door } from "../connection.ts";
import { readBytes, readSeed } from "../files.ts";
import {
  nextPolicyVersion,
  policyFileOf,
  rootHistory,
  rootSigner,
  tenantIdOf,
  type Tenant,
} from "../tenant/tenant-folder.ts";

/** Of commands by which a tenant says something to `keys` alone. */
export interface OrderFlags extends ConnectionFlags {
  readonly tenant: string;
  readonly policy?: string;
  readonly key?: string;
  readonly development?: true;
}

/** A key service that proved itself, and the challenge that it gave for one delivery. */
export interface ProvedKeys {
  readonly keysEvidence: NonNullable<BeginUnlockResponse["keysEvidence"]>;
  readonly challenge: Uint8Array;
}

/** Only a data folder on this machine is development by itself. */
export const allowsDevelopment = ({ development, url }: OrderFlags): boolean =>
  development === true || url === undefined;

/** The newest of the folder, unless another is named. @throws CliError, PolicyError as for any policy */
export async function signedPolicy(flags: OrderFlags, tenant: Tenant): Promise<Policy> {
  const newest = policyFileOf(flags.tenant, (await nextPolicyVersion(flags.tenant)) - 1);
  const note = await readBytes(flags.policy ?? newest);
  const { roots } = await rootHistory(flags.tenant, tenant);
  const allowDevelopment = allowsDevelopment(flags);
  return verifyPolicy(note, { tenantId: tenantIdOf(tenant), roots, nowMs: systemClock.nowMs(), allowDevelopment })
    .policy;
}

/**
 * Evidence over a challenge of our own, held against the tenant's signed policy before anything is sealed to it.
 * @throws PolicyError when the evidence is none that the policy allows; CliError ANSWER_MALFORMED; Refusal
 */
export async function provedKeys(flags: OrderFlags, tenant: Tenant, policy: Policy, door: Door): Promise<ProvedKeys> {
  const [tenantId, nonce] = [tenantIdOf(tenant), randomBytes(32)];
  const begun = await callProtobuf(
    door,
    { path: "/v1/keys/evidence", tenantIdHex: tenant.tenantId },
    [BeginUnlockRequestSchema, create(BeginUnlockRequestSchema, { tenantId, nonce })],
    BeginUnlockResponseSchema,
  );
  const { keysEvidence, challenge } = begun;
  if (keysEvidence === undefined || challenge.length !== 32) {
    throw new CliError("ANSWER_MALFORMED", "The key service answered without evidence: nothing was sealed.");
  }
  await verifyInstanceEvidence(keysEvidence, policy, {
    role: "keys",
    nowMs: systemClock.nowMs(),
    nonce,
    verifiers: allowsDevelopment(flags) ? [...hardwareVerifiers, simulatedVerifier] : hardwareVerifiers,
  });
  return { keysEvidence, challenge };
}

/** What all orders of a tenant to `keys` have in common. */
export interface OrderParts {
  /** What the tenant signs. */
  readonly said: Pick<KmsUnlock & KekDestruction, "tenantId" | "challenge" | "commitment" | "issuedAtMs">;
  /** Whose word it is: the tenant's newest root, or the key of --key that its policy names. */
  readonly signer: readonly [signer: NoteSigner, office: "root" | "delegate"];
  /** What goes along. */
  readonly carried: {
    readonly genesisRoot: Uint8Array;
    readonly rootRotations: Uint8Array[];
    /** The credential for that one process; empty where none is given. */
    readonly sealed: Uint8Array;
  };
}

export async function orderParts(
  flags: OrderFlags,
  tenant: Tenant,
  proved: ProvedKeys,
  credential: Readonly<Record<string, string>> | undefined,
): Promise<OrderParts> {
  const tenantId = tenantIdOf(tenant);
  const { commitment, sealed } = sealedCredential(tenantId, proved, credential);
  const { genesisRoot, rootRotations } = await rootHistory(flags.tenant, tenant);
  return {
    said: { tenantId, challenge: proved.challenge, commitment, issuedAtMs: systemClock.nowMs() },
    signer:
      flags.key === undefined
        ? [await rootSigner(flags.tenant, tenant), "root"]
        : [signerFromSeed(await readSeed(flags.key)), "delegate"],
    carried: { genesisRoot, rootRotations: [...rootRotations], sealed },
  };
}

function sealedCredential(
  tenantId: Uint8Array,
  { keysEvidence, challenge }: ProvedKeys,
  credential: Readonly<Record<string, string>> | undefined,
): { commitment: Uint8Array; sealed: Uint8Array } {
  if (credential === undefined) return { commitment: new Uint8Array(32), sealed: new Uint8Array() };
  const [salt, json] = [randomBytes(32), Buffer.from(JSON.stringify(credential))];
  const commitment = kmsCredentialCommitment(salt, json);
  const kem = createKemPublicKey(nodeBackend, keysEvidence.kemPublicKey);
  const plaintext = Buffer.concat([salt, json]);
  const sealed = hpkeSeal(nodeBackend, kem, kmsCredentialInfo(), kmsCredentialAad(tenantId, challenge), plaintext);
  for (const secret of [salt, json, plaintext]) secret.fill(0);
  return { commitment, sealed };
}
