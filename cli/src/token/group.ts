import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerTokenCreate } from "./create.ts";
import { registerTokenList } from "./list.ts";
import { registerTokenRevoke } from "./revoke.ts";

export function registerToken(program: Command, terminal: Terminal): void {
  const token = program
    .command("token")
    .summary("access tokens: make, list, revoke")
    .description("Access tokens for the doors of ingest: scoped, expiring, revocable.");
  registerTokenCreate(token, terminal);
  registerTokenList(token, terminal);
  registerTokenRevoke(token, terminal);
}
