import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { hardwareVerifiers } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import {
  BeginUnlockRequestSchema,
  BeginUnlockResponseSchema,
  UnlockRequestSchema,
  UnlockResponseSchema,
  type BeginUnlockResponse,
} from "@cloister/contracts/keys/authority";
import { createKemPublicKey, hpkeSeal } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  kmsCredentialAad,
  kmsCredentialCommitment,
  kmsCredentialInfo,
  signerFromSeed,
  signKmsUnlock,
  verifyInstanceEvidence,
  verifyPolicy,
  type Policy,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { callProtobuf } from "../call-protobuf.ts";
import { CliError } from "../cli-error.ts";
import { ingestDoor, type ConnectionFlags, type Door } from "../connection.ts";
import { readBytes, readSeed } from "../files.ts";
import {
  nextPolicyVersion,
  policyFileOf,
  readTenant,
  rootHistory,
  rootSigner,
  tenantIdOf,
  type Tenant,
} from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { readCredential, type CredentialFlags } from "./credential-file.ts";

export interface UnlockFlags extends ConnectionFlags, CredentialFlags {
  readonly tenant: string;
  readonly policy?: string;
  readonly key?: string;
  readonly lock?: true;
  readonly development?: true;
  readonly json?: true;
}

/** The KMS was not asked: the tenant has no policy in force, or locked `keys`. */
const NOT_ASKED = "NOT_ASKED";

/**
 * Delivers the credential to what proves to be the tenant's `keys`, or has it forgotten.
 * @throws CliError CREDENTIAL_MISSING, CHECK_FAILED when the KMS refuses it; those of files, tenants and connections;
 * PolicyError when the evidence is none that the tenant's policy allows: then nothing has been sealed; Refusal
 */
export async function unlock(flags: UnlockFlags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const credential = flags.lock === true ? undefined : await readCredential(flags);
  const door = await ingestDoor(flags);
  const begun = await provedKeys(flags, tenant, door);
  const tenantIdHex = tenant.tenantId;
  const request = await delivery(flags, tenant, begun, credential);
  const path = "/v1/keys/unlock";
  const answer = await callProtobuf(door, { path, tenantIdHex }, [UnlockRequestSchema, request], UnlockResponseSchema);
  const { kmsOutcome } = answer;
  if (flags.json === true) printJson(terminal, { tenantId: tenantIdHex, action: actionOf(flags), kmsOutcome });
  else printLines(terminal, told(flags, kmsOutcome));
  if (kmsOutcome === "" || kmsOutcome === NOT_ASKED) return;
  throw new CliError("CHECK_FAILED", `The credential was taken, and the tenant's KMS refuses it: ${kmsOutcome}.`);
}

const actionOf = ({ lock }: UnlockFlags): "lock" | "unlock" => (lock === true ? "lock" : "unlock");

/** Evidence over a challenge of our own, held against the tenant's signed policy before anything is sealed to it. */
async function provedKeys(flags: UnlockFlags, tenant: Tenant, door: Door): Promise<ProvedKeys> {
  const [tenantId, nonce] = [tenantIdOf(tenant), randomBytes(32)];
  const allowDevelopment = flags.development === true || flags.url === undefined;
  const policy = await signedPolicy(flags, tenant, allowDevelopment);
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
    verifiers: allowDevelopment ? [...hardwareVerifiers, simulatedVerifier] : hardwareVerifiers,
  });
  return { keysEvidence, challenge };
}

interface ProvedKeys {
  readonly keysEvidence: NonNullable<BeginUnlockResponse["keysEvidence"]>;
  readonly challenge: Uint8Array;
}

async function signedPolicy(flags: UnlockFlags, tenant: Tenant, allowDevelopment: boolean): Promise<Policy> {
  const newest = policyFileOf(flags.tenant, (await nextPolicyVersion(flags.tenant)) - 1);
  const note = await readBytes(flags.policy ?? newest);
  const { roots } = await rootHistory(flags.tenant, tenant);
  const expected = { tenantId: tenantIdOf(tenant), roots, nowMs: systemClock.nowMs(), allowDevelopment };
  return verifyPolicy(note, expected).policy;
}

async function delivery(
  flags: UnlockFlags,
  tenant: Tenant,
  { keysEvidence, challenge }: ProvedKeys,
  credential: Readonly<Record<string, string>> | undefined,
) {
  const tenantId = tenantIdOf(tenant);
  const isDelegate = flags.key !== undefined;
  const signer =
    flags.key === undefined ? await rootSigner(flags.tenant, tenant) : signerFromSeed(await readSeed(flags.key));
  const [salt, json] = [randomBytes(32), Buffer.from(JSON.stringify(credential ?? {}))];
  const isLock = credential === undefined;
  const commitment = isLock ? new Uint8Array(32) : kmsCredentialCommitment(salt, json);
  const unlocked = { tenantId, action: actionOf(flags), challenge, commitment, issuedAtMs: systemClock.nowMs() };
  const kem = createKemPublicKey(nodeBackend, keysEvidence.kemPublicKey);
  const plaintext = Buffer.concat([salt, json]);
  const aad = kmsCredentialAad(tenantId, challenge);
  const sealed = isLock ? new Uint8Array() : hpkeSeal(nodeBackend, kem, kmsCredentialInfo(), aad, plaintext);
  for (const secret of [salt, json, plaintext]) secret.fill(0);
  const { genesisRoot, rootRotations } = await rootHistory(flags.tenant, tenant);
  return create(UnlockRequestSchema, {
    genesisRoot,
    rootRotations: [...rootRotations],
    statement: signKmsUnlock(unlocked, signer, isDelegate ? "delegate" : "root"),
    sealed,
  });
}

function told(flags: UnlockFlags, kmsOutcome: string): string[] {
  if (flags.lock === true) return ["Locked: the key service forgot the credential and what it had unwrapped with it."];
  const proved =
    "The key service proved that it runs what the tenant's policy allows; the credential is in its memory alone.";
  if (kmsOutcome === "") return [proved, "Unlocked: the tenant's KMS answered. What waited goes on by itself."];
  if (kmsOutcome === NOT_ASKED) {
    return [
      proved,
      `No policy is in force yet: apply it (cloister policy apply ${join(flags.tenant, "policy-1.note")}).`,
    ];
  }
  return [proved];
}
