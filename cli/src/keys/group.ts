import { Option, type Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { addConnectionOptions } from "../connection.ts";
import { rotate, type RotateFlags } from "./rotate.ts";
import { unlock, type UnlockFlags } from "./unlock.ts";
import { destroy, type DestroyFlags } from "./destroy.ts";
import { doctor, kmsProviders, type KeysDoctorFlags } from "./doctor.ts";

const notes = `
Run it where \`keys\` runs, with its variables: what it can reach, the credential it has. Reads and tries, and changes
nothing: a random key is wrapped and unwrapped; another context is tried, which must be refused; the KMS is asked what the
credential may do, which has to be neither less nor more than docs/keys.md says; its clock is compared.

Which key: that of a signed policy, or --provider and --key-ref as they would stand in one. A local keyring has a key for
each tenant, hence --tenant-id. A credential file is for deployments whose keys has none: the tenant looks whether its own
serves before it unlocks keys with it.

--json prints a list of {"check", "result": "ok" | "warning" | "failed" | "skipped", "detail", "code", "remedy"}. Exit
code 1 when a check failed; a warning alone exits with 0.

Examples:
  cloister keys doctor --env-file keys.env --policy tenant/policy-2.note
  cloister keys doctor --env-file keys.env --provider openbao --key-ref transit/keys/tenant-kek
  cloister keys doctor --env-file keys.env --policy tenant/policy-2.note --json`;

const unlockNotes = `
For deployments whose keys has no credential for the tenant's KMS (CLOISTER_KEYS_VAULT_AUTH=unlock,
CLOISTER_KEYS_AWS_CREDENTIAL=unlock, no CLOISTER_KEYS_PKCS11_PIN_FILE): until it is unlocked the tenant's messages wait
(KEYS_LOCKED). The key service has to prove first that it runs what the tenant's signed policy allows, over a challenge of
this command; the credential is sealed to the key that this evidence binds and signed for by the tenant, so that nobody on
the way can read it, put another in its place or deliver it again. It is kept in memory alone, is passed on to other
instances that the policy allows, and is gone with the last of them.

Whose word counts: the tenant's root in --tenant, or a key of --key that the policy delegates the verb \`unlock\` to. Exit
code 1 when the KMS refuses the credential.

Examples:
  cloister keys unlock --tenant ./tenant --token-file ./bao-token
  cloister keys unlock --tenant ./tenant --role-id 5f8a1c2e --secret-id-file ./secret-id
  cloister keys unlock --tenant ./tenant --key ./unlock.key --aws-file ./assumed-role.json
  cloister keys unlock --tenant ./tenant --lock`;

const destroyNotes = `
The end of a tenant: no backup, no operator and no key service opens anything of it afterwards. The key service has to
prove first that it runs what the tenant's signed policy allows; the order is signed over its challenge, by the root or by
a key that the policy delegates \`destroy-kek\` to, and names the KEK. A credential file is given where that of keys may
not delete the key, which docs/keys.md advises: it is sealed to the evidence, used for this alone and forgotten.

The KMS decides what comes of it: a local keyring and an HSM destroy at once, Vault and OpenBao if the key allows its
deletion, AWS after 7 days, in which the key's owner can take it back. Afterwards keys asks the KMS to unwrap, which has to
be refused, and signs a receipt with the tenant's issuer key, the last thing that this key signs. Exit code 1 when the KMS
did not do it.

Examples:
  cloister keys destroy --tenant ./tenant
  cloister keys destroy --tenant ./tenant --token-file ./deleting-token --confirm "Acme Health" --json`;

const rotateNotes = `
Nobody waits, and nothing that was sealed or signed before ends. Without --issuer: one call of the tenant's KMS, after
which the KEK's older versions are needed no more (\`min_decryption_version\` of Vault and OpenBao may be raised, once no
backup of the database of keys from before is needed). With --issuer besides, at most once an hour: another key signs
conversations, certificates and receipts; those before it are named in the chain of trust, each until it was retired, so
that what they signed verifies. The keys of instances are their own, made at each start and certified anew every ten
minutes. Another KEK is named by the next policy, another root by \`cloister tenant rotate-root\`.

Examples:
  cloister keys rotate --tenant ./tenant
  cloister keys rotate --tenant ./tenant --issuer --json`;

/** Adds `cloister keys`. */
export function registerKeys(program: Command, terminal: Terminal): void {
  const keys = program
    .command("keys")
    .summary("tenants' keys and the KMS that they are in: unlock, rotate, destroy, doctor")
    .description("Tenants' keys, and the key management systems that they are in.");
  addCredentialOptions(
    keys
      .command("doctor")
      .summary("find out whether a tenant's KMS can serve")
      .description("Finds out whether a tenant's KMS can serve, by a real round trip, and says what to fix.")
      .option("--env-file <file>", "the variables of `keys`, lines of NAME=value; what the environment has goes first")
      .option("--policy <file>", "signed policy whose key is looked at")
      .addOption(new Option("--provider <name>", "without --policy: where the key is").choices(kmsProviders))
      .option("--key-ref <name>", "without --policy: the key, as a policy names it", "")
      .option("--tenant-id <hex>", "without --policy: the tenant that the key is of"),
  )
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: KeysDoctorFlags, self: Command) => {
      if ((flags.policy === undefined) === (flags.provider === undefined)) {
        self.error("error: give either --policy, or --provider with --key-ref");
      }
      return doctor(flags, terminal);
    });

  const unlocking = addCredentialOptions(
    addOrderOptions(
      keys
        .command("unlock")
        .summary("give the key service the credential of the tenant's KMS, or have it forgotten")
        .description(
          "Gives the key service the credential of the tenant's KMS, sealed to its evidence, or has it forgotten.",
        ),
      "unlock",
    ),
  ).option("--lock", "have the credential forgotten by every instance, and what was unwrapped with it");
  addConnectionOptions(unlocking)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", 'print {"tenantId", "action", "kmsOutcome"}')
    .addHelpText("after", unlockNotes)
    .action((flags: UnlockFlags) => unlock(flags, terminal));

  const destroying = addCredentialOptions(
    addOrderOptions(
      keys
        .command("destroy")
        .summary("have the tenant's KMS destroy its KEK, and with it all of the tenant's data")
        .description("Has the tenant's KMS destroy its KEK, and with it everything that was ever wrapped under it."),
      "destroy-kek",
    ),
  ).option("--confirm <name>", "the tenant's name, instead of its being asked for");
  addConnectionOptions(destroying)
    .option("--development", "with --url: accept simulated evidence")
    .option("--out <file>", "where to write the receipt (default: kek-destroyed.note in the tenant's folder)")
    .option("--json", "print what the receipt says as JSON")
    .addHelpText("after", destroyNotes)
    .action((flags: DestroyFlags) => destroy(flags, terminal));

  const rotating = keys
    .command("rotate")
    .summary("wrap the tenant's keys anew, and make another issuer key")
    .description(
      "Wraps the tenant's keys under the newest version of its KEK, and makes another issuer key if asked to.",
    )
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--issuer", "make another issuer key, too");
  addConnectionOptions(rotating)
    .option("--json", 'print {"tenantId", "issuerKey", "formerIssuers"}')
    .addHelpText("after", rotateNotes)
    .action((flags: RotateFlags) => rotate(flags, terminal));
}

/** What every word of the tenant to its keys takes. */
function addOrderOptions(command: Command, verb: string): Command {
  return command
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--policy <file>", "signed policy to hold the evidence against; the newest in the folder without")
    .option("--key <file>", `seed of a key that the policy delegates \`${verb}\` to, instead of the tenant's root`);
}

/** The files that a credential for the tenant's KMS may be in. */
function addCredentialOptions(command: Command): Command {
  return command
    .option("--token-file <file>", "Vault, OpenBao: file (0600) with a token")
    .option("--role-id <id>", "Vault, OpenBao: the role's id of an AppRole")
    .option("--secret-id-file <file>", "Vault, OpenBao: file (0600) with its secret id")
    .option("--mount <name>", "Vault, OpenBao: where that login is mounted; approle without")
    .option("--aws-file <file>", "AWS: file (0600) with an access key as JSON, as `aws sts assume-role` prints it")
    .option("--pin-file <file>", "PKCS#11: file (0600) with the PIN");
}
