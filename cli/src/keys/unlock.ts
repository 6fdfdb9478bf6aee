import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { UnlockRequestSchema, UnlockResponseSchema } from "@cloister/contracts/keys/authority";
import { signKmsUnlock } from "@cloister/policy";
import { callProtobuf } from "../call-protobuf.ts";
import { CliError } from "../cli-error.ts";
import { ingestDoor } from "../connection.ts";
import { readTenant } from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { readCredential, type CredentialFlags } from "./credential-file.ts";
import { orderParts, provedKeys, signedPolicy, type OrderFlags } from "./proved-keys.ts";

export interface UnlockFlags extends OrderFlags, CredentialFlags {
  readonly lock?: true;
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
  const proved = await provedKeys(flags, tenant, await signedPolicy(flags, tenant), door);
  const tenantIdHex = tenant.tenantId;
  const { said, signer, carried } = await orderParts(flags, tenant, proved, credential);
  const statement = signKmsUnlock({ ...said, action: actionOf(flags) }, ...signer);
  const request = create(UnlockRequestSchema, { ...carried, statement });
  const path = "/v1/keys/unlock";
  const answer = await callProtobuf(door, { path, tenantIdHex }, [UnlockRequestSchema, request], UnlockResponseSchema);
  const { kmsOutcome } = answer;
  if (flags.json === true) printJson(terminal, { tenantId: tenantIdHex, action: actionOf(flags), kmsOutcome });
  else printLines(terminal, told(flags, kmsOutcome));
  if (kmsOutcome === "" || kmsOutcome === NOT_ASKED) return;
  throw new CliError("CHECK_FAILED", `The credential was taken, and the tenant's KMS refuses it: ${kmsOutcome}.`);
}

const actionOf = ({ lock }: UnlockFlags): "lock" | "unlock" => (lock === true ? "lock" : "unlock");

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
