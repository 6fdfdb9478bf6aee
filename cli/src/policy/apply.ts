import type { Client } from "@cloister/client";
import { policyHashOf, readUnverifiedPolicy, verifyPolicy, type Policy } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { readBytes } from "../files.ts";
import { tenantClient } from "../tenant-client.ts";
import { readTenant, rootHistory, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, isInteractive, printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { changeLines, compare, type Comparison } from "./change-lines.ts";
import { confirmed } from "./confirm.ts";
import { policyInForce } from "./in-force.ts";

interface Flags extends ConnectionFlags {
  readonly tenant: string;
  readonly development?: true;
  readonly yes?: true;
  readonly json?: true;
}

const notes = `
The policy is checked here before it is sent, and what it changes is shown. In a terminal you are asked then. Without one
it goes on, unless something weakens protection or can't be compared: that needs --yes (CONFIRMATION_REQUIRED). Afterwards
the policy in force is asked for, verified from the tenant's root through the evidence of the key service, and compared
with the file: the command succeeds only if it is that one. Versions only grow; an older one is refused (POLICY_STALE).

Examples:
  cloister policy apply ./tenant/policy-1.note --tenant ./tenant
  cloister policy apply ./tenant/policy-2.note --tenant ./tenant --yes
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
    .option("--yes", "apply it whatever it changes, without a question")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((file: string, flags: Flags) => apply(file, flags, terminal));
}

async function apply(file: string, flags: Flags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const tenantId = tenantIdOf(tenant);
  const { genesisRoot, rootRotations, roots } = await rootHistory(flags.tenant, tenant);
  const note = await readBytes(file);
  const nowMs = systemClock.nowMs();
  if (hexOf(readUnverifiedPolicy(note).tenantId) !== tenant.tenantId) {
    throw new CliError("TENANT_FOREIGN", `The policy in ${file} is of another tenant than the one in ${flags.tenant}.`);
  }
  verifyPolicy(note, { tenantId, roots, nowMs, allowDevelopment: true });

  const client = await tenantClient(tenantId, flags);
  const comparison = await agreedChange(client, readUnverifiedPolicy(note), flags, terminal);
  await client.applyPolicy({ genesisRoot, rootRotations, policy: note });
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
    changes: comparison?.changes ?? [],
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

const incomparable = "What this policy changes can't be said: the one in force is expired or can't be trusted.";

/**
 * What the policy changes, shown and agreed to. Undefined for a tenant's first policy, for an older one than is in
 * force, and where that can't be compared.
 * @throws CliError NOT_CONFIRMED, CONFIRMATION_REQUIRED
 */
async function agreedChange(
  client: Client,
  after: Policy,
  flags: Flags,
  terminal: Terminal,
): Promise<Comparison | undefined> {
  const before = await policyInForce(client);
  if (before.kind === "none") return undefined;
  // It will be refused: there is nothing to agree to.
  if (before.kind === "policy" && after.version < before.policy.version) return undefined;
  const comparison = before.kind === "policy" ? compare(before.policy, after) : undefined;
  if (flags.json !== true) {
    printLines(terminal, [...(comparison === undefined ? [incomparable] : changeLines(comparison)), ""]);
  }
  const isSame = comparison?.changes.length === 0;
  if (flags.yes !== true && !isSame) await agree(comparison, flags, terminal);
  return comparison;
}

async function agree(comparison: Comparison | undefined, flags: Flags, terminal: Terminal): Promise<void> {
  if (flags.json !== true && isInteractive(terminal.stdin) && isInteractive(terminal.stderr)) {
    if (await confirmed("Put it in force?", terminal)) return;
    throw new CliError("NOT_CONFIRMED", "Nothing was applied.");
  }
  if (comparison === undefined || comparison.isWeaker) {
    throw new CliError(
      "CONFIRMATION_REQUIRED",
      "The policy weakens protection, or may: look at `cloister policy diff`, then apply it with --yes.",
    );
  }
}
