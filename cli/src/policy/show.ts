import { ClientError } from "@cloister/client";
import { policyToJson, type Policy } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { readBytes } from "../files.ts";
import { tenantClient } from "../tenant-client.ts";
import { readTenant, rootHistory, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, printJson, printLines, type Terminal } from "../terminal.ts";
import { describePolicy } from "./describe-policy.ts";
import { missingUnder } from "./missing.ts";
import { readSignedPolicy } from "./policy-note.ts";

interface Flags extends ConnectionFlags {
  readonly tenant?: string;
  readonly development?: true;
  readonly json?: true;
}

const notes = `
A file is checked as far as it proves itself: the tenant id is a hash of its first root, and its newest root signed it.
Without a file the policy in force is asked for, and everything from the tenant's root to the key service is verified.
"Missing" is what the preset requires and a development system, with simulated evidence, can't give.

Examples:
  cloister policy show ./tenant/policy-1.note
  cloister policy show ./tenant/policy-1.note --json
  cloister policy show --tenant ./tenant`;

/** Adds `cloister policy show`. */
export function registerPolicyShow(policy: Command, terminal: Terminal): void {
  const command = policy
    .command("show")
    .summary("say in sentences what a policy allows")
    .description("Says what a policy allows: who may read, how long each class is kept, what is missing.")
    .argument("[file]", "a signed policy; without one, the policy in force of --tenant")
    .option("--tenant <folder>", "folder that `cloister tenant init` made");
  addConnectionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print the policy's fields as JSON")
    .addHelpText("after", notes)
    .action((file: string | undefined, flags: Flags, self: Command) => {
      if (file === undefined && flags.tenant === undefined) {
        self.error("error: say which policy: a file, or --tenant for the one in force");
      }
      return show(file, flags, terminal);
    });
}

async function show(file: string | undefined, flags: Flags, terminal: Terminal): Promise<void> {
  const { policy, signature } = await (file === undefined ? inForce(flags) : inFile(file, flags));
  const missing = missingUnder(policy);
  if (flags.json === true) {
    printJson(terminal, { signature, missing, policy: policyToJson(policy) });
    return;
  }
  printLines(terminal, describePolicy(policy, { nowMs: systemClock.nowMs(), signature, missing }));
}

interface Shown {
  readonly policy: Policy;
  readonly signature: string;
}

async function inFile(file: string, { tenant }: Flags): Promise<Shown> {
  const note = await readBytes(file);
  if (tenant === undefined) return readSignedPolicy(note);
  const owner = await readTenant(tenant);
  const shown = readSignedPolicy(note, await rootHistory(tenant, owner));
  if (owner.tenantId === hexOf(shown.policy.tenantId)) return shown;
  throw new CliError("TENANT_FOREIGN", `The policy in ${file} is of another tenant than the one in ${tenant}.`);
}

async function inForce(flags: Flags): Promise<Shown> {
  const client = await tenantClient(tenantIdOf(await readTenant(flags.tenant ?? "")), flags);
  try {
    const { policy } = await client.verifiedChain();
    const isFirst = policy.roots.length === 1;
    return {
      policy,
      signature: isFirst ? "by the tenant's root" : "by a later root, which the tenant's rotations lead to",
    };
  } catch (error) {
    if (!(error instanceof ClientError) || error.problem !== "TENANT_UNKNOWN") throw error;
    throw new CliError("POLICY_NOT_IN_FORCE", "The tenant has no policy in force: `cloister policy apply` puts one.");
  }
}
