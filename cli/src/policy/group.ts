import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerPolicyApply } from "./apply.ts";
import { registerPolicyDiff } from "./diff.ts";
import { registerPolicyShow } from "./show.ts";
import { registerPolicySign } from "./sign.ts";

export function registerPolicy(program: Command, terminal: Terminal): void {
  const policy = program
    .command("policy")
    .summary("who may read, for how long: sign it, show it, compare it, put it in force")
    .description("Policies say who may read and for how long. The tenant's root signs them; nobody else can.");
  registerPolicySign(policy, terminal);
  registerPolicyShow(policy, terminal);
  registerPolicyDiff(policy, terminal);
  registerPolicyApply(policy, terminal);
}
