import { policyHashOf, readUnverifiedPolicy, verifyPolicy } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { readBytes } from "../files.ts";
import { tenantClient } from "../tenant-client.ts";
import { readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, printJson, printLines, timeText, type Terminal } from "../terminal.ts";

interface Flags extends ConnectionFlags {
  readonly tenant: string;
  readonly development?: true;
  readonly json?: true;
}

const notes = `
The policy is checked here before it is sent. Afterwards the policy in force is asked for, verified from the tenant's
root through the evidence of the key service, and compared with the file: the command succeeds only if it is that one.
Versions only grow; an older one is refused (POLICY_STALE).

Examples:
  cloister policy apply ./tenant/policy-1.note --tenant ./tenant
  cloister policy apply ./tenant/policy-2.note --tenant ./tenant --url http://127.0.0.1:8080 --development`;

/** Adds `cloister policy apply`. */
export function registerPolicyApply(policy: Command, terminal: Terminal): void {
  const command = policy
    .command("apply")
    .summary("put a signed policy in force")
    .description("Puts a signed policy in force, and proves that it is. The first one makes the tenant.")
    .argument("<file>", "the signed policy")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made");
  addConnectionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((file: string, flags: Flags) => apply(file, flags, terminal));
}

async function apply(file: string, flags: Flags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const tenantId = tenantIdOf(tenant);
  const genesisRoot = Buffer.from(tenant.genesisRoot, "hex");
  const note = await readBytes(file);
  const nowMs = systemClock.nowMs();
  if (hexOf(readUnverifiedPolicy(note).tenantId) !== tenant.tenantId) {
    throw new CliError("TENANT_FOREIGN", `The policy in ${file} is of another tenant than the one in ${flags.tenant}.`);
  }
  verifyPolicy(note, { tenantId, roots: [genesisRoot], nowMs, allowDevelopment: true });

  const client = await tenantClient(tenantId, flags);
  await client.applyPolicy({ genesisRoot, policy: note });
  const { policy, policyHash } = await client.verifiedChain();
  if (hexOf(policyHash) !== hexOf(policyHashOf(note))) {
    throw new CliError(
      "POLICY_NOT_IN_FORCE",
      `Version ${policy.version} is in force, which is not the one in ${file}.`,
    );
  }
  const { version, preset, expiresAtMs } = policy;
  const inForce = {
    tenantId: tenant.tenantId,
    version,
    policyHash: hexOf(policyHash),
    expiresAt: timeText(expiresAtMs),
  };
  if (flags.json === true) {
    printJson(terminal, inForce);
    return;
  }
  printLines(terminal, [
    `Policy ${version} (${preset}) of tenant ${tenant.tenantId} is in force until ${timeText(expiresAtMs)}.`,
    "Verified: the tenant's root signed it, and the key service proved that it runs the code the policy allows.",
  ]);
}
