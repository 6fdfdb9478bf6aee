import type { Command } from "commander";
import { addConnectionOptions, ingestDoor, type ConnectionFlags } from "../connection.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { revokeToken } from "./token-answers.ts";

interface Flags extends ConnectionFlags {
  readonly json?: true;
}

const notes = `
It is refused within seconds, and streams that were opened with it are cut. Tokens that it made go on: the list names
them by "made by". Doing it again is fine.

Examples:
  cloister token revoke 01a2034281e07c448db8bc2393f250ac`;

/** Adds `cloister token revoke`. */
export function registerTokenRevoke(group: Command, terminal: Terminal): void {
  const command = group
    .command("revoke")
    .summary("end a token")
    .description("Ends a token for good.")
    .argument("<id>", "the token's id, from `cloister token list`; not the token itself");
  addConnectionOptions(command)
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((id: string, flags: Flags) => revoke(id, flags, terminal));
}

async function revoke(id: string, flags: Flags, terminal: Terminal): Promise<void> {
  await revokeToken(await ingestDoor(flags), id);
  if (flags.json === true) printJson(terminal, { id, revoked: true });
  else printLines(terminal, [`Revoked ${id}.`]);
}
