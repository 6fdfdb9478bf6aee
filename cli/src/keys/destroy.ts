import { join } from "node:path";
import { createInterface } from "node:readline";
import { create } from "@bufbuild/protobuf";
import { renderKekReceipt, verifyKekReceipt } from "@cloister/audit";
import { DestroyKekRequestSchema, DestroyKekResponseSchema } from "@cloister/contracts/keys/authority";
import { signKekDestruction, type Policy, type VerifiedChain } from "@cloister/policy";
import { callProtobuf } from "../call-protobuf.ts";
import { CliError } from "../cli-error.ts";
import { ingestDoor } from "../connection.ts";
import { fileExists, writeResult } from "../files.ts";
import { tenantClient } from "../tenant-client.ts";
import { readTenant, tenantIdOf, type Tenant } from "../tenant/tenant-folder.ts";
import { isInteractive, printJson, printLines, type Terminal } from "../terminal.ts";
import { namesCredential, readCredential, type CredentialFlags } from "./credential-file.ts";
import { orderParts, provedKeys, signedPolicy, type OrderFlags } from "./proved-keys.ts";

export interface DestroyFlags extends OrderFlags, CredentialFlags {
  readonly confirm?: string;
  readonly out?: string;
  readonly json?: true;
}

/** What destroying means at each KMS; the KMS itself says which of it came true. */
const meaning: Readonly<Record<Policy["kms"]["provider"], string>> = {
  local: "It is gone at once from the file of keys; copies of that file outlive it.",
  vault: "It is gone at once, if its deletion is allowed (deletion_allowed); otherwise the KMS refuses.",
  openbao: "It is gone at once, if its deletion is allowed (deletion_allowed); otherwise the KMS refuses.",
  "aws-kms": "It is unusable at once and gone after AWS' window of 7 days, in which its owner can take it back.",
  pkcs11: "It is gone at once, unless the token marks it as not destroyable; copies of the token outlive it.",
};

/**
 * Has the tenant's KEK destroyed by the KMS, over a key service that proved itself, and verifies the receipt.
 * @throws CliError NOT_CONFIRMED, CONFIRMATION_REQUIRED, KEK_NOT_DESTROYED; those of files, tenants and connections;
 * PolicyError, Refusal
 */
export async function destroy(flags: DestroyFlags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const credential = namesCredential(flags) ? await readCredential(flags) : undefined;
  const receiptFile = flags.out ?? join(flags.tenant, "kek-destroyed.note");
  // Before anything ends: a receipt that can't be kept is none.
  if (await fileExists(receiptFile)) {
    throw new CliError(
      "FILE_EXISTS",
      `${receiptFile} is there already and is never overwritten: choose another --out.`,
    );
  }
  const door = await ingestDoor(flags);
  const policy = await signedPolicy(flags, tenant);
  // Afterwards nobody can show it any more.
  const chain = await (await tenantClient(tenantIdOf(tenant), flags)).verifiedChain();
  await agree(flags, tenant, policy, terminal);
  const proved = await provedKeys(flags, tenant, policy, door);
  const { said, signer, carried } = await orderParts(flags, tenant, proved, credential);
  const statement = signKekDestruction({ ...said, ...kekNames(policy) }, ...signer);
  const work = async (): Promise<Uint8Array> => {
    const answer = await callProtobuf(
      door,
      { path: "/v1/keys/destroy", tenantIdHex: tenant.tenantId },
      [DestroyKekRequestSchema, create(DestroyKekRequestSchema, { ...carried, statement })],
      DestroyKekResponseSchema,
    );
    if (answer.kmsOutcome !== "") throw refused(answer.kmsOutcome);
    return answer.receipt;
  };
  const lost = (receipt: Uint8Array): void => void terminal.stdout.write(receipt);
  const receipt = await writeResult(receiptFile, 0o644, { work, lost });
  show(tenant, { receipt, receiptFile, chain }, flags, terminal);
}

function kekNames({ kms: { provider, keyRef } }: Policy): Pick<Policy["kms"], "provider" | "keyRef"> {
  return { provider, keyRef };
}

/** By the tenant's name, which nobody types by habit. */
async function agree({ confirm }: DestroyFlags, tenant: Tenant, { kms }: Policy, terminal: Terminal): Promise<void> {
  const said = [
    `This destroys the KEK ${`${kms.provider} ${kms.keyRef}`.trim()} of tenant ${tenant.name}, and with it all of its data:`,
    "every conversation, every knowledge base, whatever waits. Nobody brings that back.",
    meaning[kms.provider],
  ];
  if (confirm === undefined && !(isInteractive(terminal.stdin) && isInteractive(terminal.stderr))) {
    throw new CliError("CONFIRMATION_REQUIRED", `${said.join(" ")} Give --confirm with the tenant's name.`);
  }
  if (confirm === undefined) terminal.stderr.write(`${said.join("\n")}\n`);
  if ((confirm ?? (await typedName(terminal))) === tenant.name) return;
  throw new CliError("NOT_CONFIRMED", "That is not the tenant's name: nothing was destroyed.");
}

function typedName(terminal: Terminal): Promise<string> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  return new Promise((resolve) => {
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => resolve(""));
    lines.question("The tenant's name, to go on: ", (answer) => {
      resolve(answer.trim());
      lines.close();
    });
  });
}

function refused(code: string): CliError {
  const why: Readonly<Record<string, string>> = {
    KMS_DESTRUCTION_REFUSED: "it is set to keep the key; its owner allows the deletion first",
    KMS_PERMISSION_DENIED: "the credential may not; give one that may, such as --token-file",
    KMS_KEY_PENDING_DELETION: "it is destroyed already, at the end of its window",
    KMS_ANSWER_MALFORMED: "it said yes and goes on unwrapping: look there",
  };
  const reason = why[code] ?? "docs/errors.md says what that means";
  return new CliError("KEK_NOT_DESTROYED", `The tenant's KMS did not destroy the key (${code}): ${reason}.`);
}

function show(
  tenant: Tenant,
  {
    receipt,
    receiptFile,
    chain,
  }: { readonly receipt: Uint8Array; readonly receiptFile: string; readonly chain: VerifiedChain },
  { json }: DestroyFlags,
  terminal: Terminal,
): void {
  const verified = verifyKekReceipt(receipt, chain);
  if (json === true) {
    const { provider, keyRef, destroyedAtMs, windowEndsAtMs, refusedSince, leasesLapseAtMs } = verified;
    const said = { provider, keyRef, destroyedAtMs, windowEndsAtMs, refusedSince, leasesLapseAtMs };
    printJson(terminal, { tenantId: tenant.tenantId, ...said, receiptFile });
    return;
  }
  printLines(terminal, [
    renderKekReceipt(verified).trimEnd(),
    "",
    "Verified from the tenant's root.",
    `Written to ${receiptFile}; keep it: the key that signed it is gone, too.`,
  ]);
}
