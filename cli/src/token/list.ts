import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { addConnectionOptions, ingestDoor, type ConnectionFlags } from "../connection.ts";
import { tableLines } from "../table.ts";
import { printable, printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { tenantIdFrom } from "./tenant-choice.ts";
import { listTokens, type TokenRecord } from "./token-answers.ts";

interface Flags extends ConnectionFlags {
  readonly tenant?: string;
  readonly json?: true;
}

const notes = `
The newest first; what ended is listed for 30 days more. "made by" is the id of the token that made it. The tokens
themselves can't be shown: only digests are kept.

Examples:
  cloister token list
  cloister token list --tenant ./tenant --json`;

/** Adds `cloister token list`. */
export function registerTokenList(group: Command, terminal: Terminal): void {
  const command = group
    .command("list")
    .summary("show what tokens there are")
    .description("Shows the tokens that there are: what they may do, until when, and when they were last used.")
    .option("--tenant <folder|id>", "those of one tenant, by its folder or id (default: all that may be seen)");
  addConnectionOptions(command)
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => list(flags, terminal));
}

async function list(flags: Flags, terminal: Terminal): Promise<void> {
  const tenant = flags.tenant === undefined ? undefined : await tenantIdFrom(flags.tenant);
  const tokens: TokenRecord[] = [];
  for await (const token of listTokens(await ingestDoor(flags), tenant)) tokens.push(token);
  if (flags.json === true) printJson(terminal, { tokens });
  else printLines(terminal, tokens.length === 0 ? ["No token was made yet."] : table(tokens, systemClock.nowMs()));
}

function table(tokens: readonly TokenRecord[], nowMs: number): string[] {
  const rows = tokens.map((token) => [
    token.id,
    printable(token.label),
    token.tenantIdHex ?? "every tenant",
    token.scopes.join(" "),
    stateOf(token, nowMs),
    token.lastUsedAtMs === null ? "never" : timeText(token.lastUsedAtMs),
    token.createdBy ?? "",
  ]);
  return tableLines(["id", "label", "tenant", "scopes", "state", "last used", "made by"], rows);
}

function stateOf({ revokedAtMs, expiresAtMs }: TokenRecord, nowMs: number): string {
  if (revokedAtMs !== null) return `revoked ${timeText(revokedAtMs)}`;
  return expiresAtMs <= nowMs ? `expired ${timeText(expiresAtMs)}` : `until ${timeText(expiresAtMs)}`;
}
