import { systemClock } from "@cloister/service";
import { Option, type Command } from "commander";
import { addConnectionOptions, ingestDoor, type ConnectionFlags } from "../connection.ts";
import { printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { lifeMs } from "./life.ts";
import { tenantIdFrom } from "./tenant-choice.ts";
import { makeToken, type MadeToken } from "./token-answers.ts";

interface Flags extends ConnectionFlags {
  readonly label: string;
  readonly scope: readonly string[];
  readonly tenant?: string;
  readonly everyTenant?: true;
  readonly expires?: number;
  readonly json?: true;
}

const notes = `
Scopes:
  messages:send       send sealed messages
  conversations:open  open and renew conversations
  replies:read        read sealed replies
  policy:read         read the signed policy; the scopes around it include this one
  policy:apply        hand in a signed policy
  tokens:manage       make, list and revoke tokens of its tenant, with no more than its own scopes

A token gives transport, never readership: without a private key its holder reads nothing. It is printed this once and
kept nowhere: put it where secrets live. Nobody gives more than they have: not another tenant, scope or a later end.

Examples:
  cloister token create --tenant ./tenant --label "web app" --scope conversations:open messages:send replies:read
  cloister token create --tenant ./tenant --label "support desk" --scope replies:read --expires 30d
  cloister token create --tenant ./tenant --label ci --scope policy:apply --expires 12h --json`;

/** Adds `cloister token create`. */
export function registerTokenCreate(group: Command, terminal: Terminal): void {
  const command = group
    .command("create")
    .summary("make an access token, printed once")
    .description("Makes an access token for the doors of ingest and prints it, this once.")
    .requiredOption("--label <text>", "what it is for, so that it is known again in the list")
    .requiredOption("--scope <scopes...>", "what it may do; one or more")
    .option("--tenant <folder|id>", "the tenant, by its folder or id (default: that of the token that makes it)")
    .addOption(new Option("--every-tenant", "good for every tenant of the deployment").conflicts("tenant"))
    .option("--expires <time>", "how long it lasts, such as 12h or 30d; 366d at most (default: 90d)", lifeMs);
  addConnectionOptions(command)
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => create(flags, terminal));
}

async function create(flags: Flags, terminal: Terminal): Promise<void> {
  const { label, scope, tenant, everyTenant, expires, json } = flags;
  const made = await makeToken(await ingestDoor(flags), {
    label,
    scopes: scope,
    ...(tenant !== undefined && { tenantIdHex: await tenantIdFrom(tenant) }),
    ...(everyTenant === true && { tenantIdHex: null }),
    ...(expires !== undefined && { expiresAtMs: systemClock.nowMs() + expires }),
  });
  if (json === true) printJson(terminal, made);
  else printLines(terminal, madeLines(made));
}

function madeLines({ token, id, tenantIdHex, scopes, expiresAtMs }: MadeToken): string[] {
  return [
    token,
    "",
    `  id       ${id}`,
    `  tenant   ${tenantIdHex ?? "every tenant"}`,
    `  scopes   ${scopes.join(" ")}`,
    `  until    ${timeText(expiresAtMs)}`,
    "",
    "It is shown this once. `cloister token revoke` with its id ends it.",
  ];
}
