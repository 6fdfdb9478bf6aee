import type { AccessRule } from "@cloister/messaging/kafka/admin";
import { InvalidArgumentError, type Command } from "commander";
import { tableLines } from "../table.ts";
import { printable, printJson, printLines, type Terminal } from "../terminal.ts";
import { tenantIdFrom } from "../token/tenant-choice.ts";
import { addBrokerOptions, brokersOf, kafkaAdmin, type BrokerFlags } from "./brokers.ts";
import { isAgreed, type ConsentFlags } from "./consent.ts";

interface Flags extends BrokerFlags, ConsentFlags {
  readonly tenant?: readonly string[];
  readonly userPrefix: string;
}

const notes = `
Users of services are called as the service (ingest, redaction, enclave-inference, embedding), a tenant's tenant.ID; each
may read and write its own topics and read in its own groups, and what else it was allowed is taken away. Tenants are those
that have topics, and those that are named. Rules of other users and denials stay as they are. Users and their passwords
are made with Kafka's own kafka-configs.

Without a terminal the plan is printed, and done only with --yes.

Examples:
  cloister topics acl --brokers kafka-1:9092 --ca-file ca.pem --username admin --password-file admin.password
  cloister topics acl --tenant ./tenant --yes
  cloister topics acl --json`;

/** Adds `cloister topics acl`. */
export function registerTopicsAcl(group: Command, terminal: Terminal): void {
  const command = group
    .command("acl")
    .summary("let each user do what its program does, and nothing else")
    .description("Gives each service's and each tenant's user of Kafka its own topics and groups, and nothing else.");
  addBrokerOptions(command)
    .option("--tenant <folder|id...>", "tenants that have no topics yet")
    .option("--user-prefix <text>", "what the names of our users begin with", prefixOf, "")
    .option("--yes", "don't ask")
    .option("--json", "print as JSON; asks nothing, and changes nothing without --yes")
    .addHelpText("after", notes)
    .action((flags: Flags) => acl(flags, terminal));
}

async function acl(flags: Flags, terminal: Terminal): Promise<void> {
  const { tenant = [], userPrefix } = flags;
  const { applyAccess, planAccessOf } = await kafkaAdmin();
  const connection = await brokersOf(flags);
  const tenantIdsHex = await Promise.all(tenant.map((one) => tenantIdFrom(one)));
  const plan = await planAccessOf(connection, tenantIdsHex, {
    ofService: (service) => `${userPrefix}${service}`,
    ofTenant: (tenantIdHex) => `${userPrefix}tenant.${tenantIdHex}`,
  });
  const isEmpty = plan.add.length + plan.remove.length === 0;
  const rows = [...rowsOf("allow", plan.add), ...rowsOf("take away", plan.remove)];
  if (flags.json !== true) printLines(terminal, isEmpty ? ["Nothing to change."] : tableLines(head, rows));
  const isApplied = !isEmpty && (await isAgreed("Change the access rules so?", flags, terminal));
  if (isApplied) await applyAccess(connection, plan);
  if (flags.json === true) printJson(terminal, { ...plan, applied: isApplied });
  else if (!isEmpty)
    printLines(terminal, [isApplied ? "Done." : "This is the plan; nothing was changed without --yes."]);
}

const head = ["", "user", "may", "what"];

function rowsOf(verb: string, rules: readonly AccessRule[]): string[][] {
  return rules.map(({ user, host, operation, resource, name, isPrefix }) => {
    const from = host === "*" ? "" : ` from ${host}`;
    return [
      verb,
      printable(user),
      `${operation}${printable(from)}`,
      `${resource} ${printable(name)}${isPrefix ? "*" : ""}`,
    ];
  });
}

function prefixOf(text: string): string {
  if (/^[A-Za-z0-9._-]{0,64}$/u.test(text)) return text;
  throw new InvalidArgumentError("Give up to 64 letters, digits, dots, dashes or underscores.");
}
