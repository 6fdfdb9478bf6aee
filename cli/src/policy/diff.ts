import type { Policy } from "@cloister/policy";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { readBytes } from "../files.ts";
import { tenantClient } from "../tenant-client.ts";
import { readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, printJson, printLines, type Terminal } from "../terminal.ts";
import { changeJson, changeLines, compare } from "./change-lines.ts";
import { policyInForce } from "./in-force.ts";
import { readSignedPolicy } from "./policy-note.ts";

interface Flags extends ConnectionFlags {
  readonly tenant?: string;
  readonly development?: true;
  readonly json?: true;
}

/** So that a pipeline can stop before it applies what protects less. */
const WEAKER = 3;

const notes = `
With one file it is compared with the policy in force of --tenant; with two, the second with the first.
A change weakens protection when somebody reads more, something lives longer or a proof is dropped; one that can't be
judged counts as that.

Exit codes:
  0  nothing protects less
  3  something does, or may
  1  refused or failed
  2  used wrongly

Examples:
  cloister policy diff ./tenant/policy-2.note --tenant ./tenant
  cloister policy diff ./tenant/policy-1.note ./tenant/policy-2.note
  cloister policy diff ./tenant/policy-1.note ./tenant/policy-2.note --json`;

/** Adds `cloister policy diff`. */
export function registerPolicyDiff(policy: Command, terminal: Terminal): void {
  const command = policy
    .command("diff")
    .summary("say in sentences what a policy changes, and what of it weakens protection")
    .description("Says what a policy changes, before it is applied, and marks what weakens protection.")
    .argument("[old]", "a signed policy; left out, the policy in force of --tenant")
    .argument("[new]", "the signed policy to compare with it")
    .option("--tenant <folder>", "folder that `cloister tenant init` made");
  addConnectionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print the changes as JSON")
    .addHelpText("after", notes)
    .action((first: string | undefined, second: string | undefined, flags: Flags, self: Command) => {
      if (first === undefined) self.error("error: say which policy to compare: a file, or two");
      if (second === undefined && flags.tenant === undefined) {
        self.error("error: say what to compare it with: another file, or --tenant for the policy in force");
      }
      return diff(first, second, flags, terminal);
    });
}

async function diff(first: string, second: string | undefined, flags: Flags, terminal: Terminal): Promise<void> {
  const after = await policyIn(second ?? first);
  const before = await (second === undefined ? inForce(flags) : policyIn(first));
  if (hexOf(before.tenantId) !== hexOf(after.tenantId)) {
    throw new CliError("TENANT_FOREIGN", "The policies are of two tenants: there is nothing to compare.");
  }
  const comparison = compare(before, after);
  if (flags.json === true) printJson(terminal, changeJson(comparison));
  else printLines(terminal, changeLines(comparison));
  if (comparison.isWeaker) terminal.exitCode = WEAKER;
}

async function policyIn(file: string): Promise<Policy> {
  return readSignedPolicy(await readBytes(file)).policy;
}

async function inForce(flags: Flags): Promise<Policy> {
  const client = await tenantClient(tenantIdOf(await readTenant(flags.tenant ?? "")), flags);
  const found = await policyInForce(client);
  if (found.kind === "policy") return found.policy;
  const why = found.kind === "none" ? "No policy is in force" : `The policy in force can't be had (${found.code})`;
  throw new CliError("POLICY_NOT_IN_FORCE", `${why}: compare with a file, \`cloister policy diff <old> <new>\`.`);
}
