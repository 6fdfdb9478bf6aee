import { Option, type Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { doctor, kmsProviders, type KeysDoctorFlags } from "./doctor.ts";

const notes = `
Run it where \`keys\` runs, with its variables: what it can reach, the credential it has. Reads and tries, and changes
nothing: a random key is wrapped and unwrapped; another context is tried, which must be refused; the KMS is asked what the
credential may do, which has to be neither less nor more than docs/keys.md says; its clock is compared.

Which key: that of a signed policy, or --provider and --key-ref as they would stand in one. A local keyring has a key for
each tenant, hence --tenant-id.

--json prints a list of {"check", "result": "ok" | "warning" | "failed" | "skipped", "detail", "code", "remedy"}. Exit
code 1 when a check failed; a warning alone exits with 0.

Examples:
  cloister keys doctor --env-file keys.env --policy tenant/policy-2.note
  cloister keys doctor --env-file keys.env --provider openbao --key-ref transit/keys/tenant-kek
  cloister keys doctor --env-file keys.env --policy tenant/policy-2.note --json`;

/** Adds `cloister keys doctor`. */
export function registerKeys(program: Command, terminal: Terminal): void {
  const keys = program
    .command("keys")
    .summary("tenants' keys and the KMS that they are in: doctor")
    .description("Tenants' keys, and the key management systems that they are in.");
  keys
    .command("doctor")
    .summary("find out whether a tenant's KMS can serve")
    .description("Finds out whether a tenant's KMS can serve, by a real round trip, and says what to fix.")
    .option("--env-file <file>", "the variables of `keys`, lines of NAME=value; what the environment has goes first")
    .option("--policy <file>", "signed policy whose key is looked at")
    .addOption(new Option("--provider <name>", "without --policy: where the key is").choices(kmsProviders))
    .option("--key-ref <name>", "without --policy: the key, as a policy names it", "")
    .option("--tenant-id <hex>", "without --policy: the tenant that the key is of")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: KeysDoctorFlags, self: Command) => {
      if ((flags.policy === undefined) === (flags.provider === undefined)) {
        self.error("error: give either --policy, or --provider with --key-ref");
      }
      return doctor(flags, terminal);
    });
}
