import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerAttestVerify } from "./verify.ts";

export function registerAttest(program: Command, terminal: Terminal): void {
  const attest = program
    .command("attest")
    .summary("verify evidence of hardware, offline")
    .description("Verifies evidence that a machine's hardware signed. It needs no network and no running system.");
  registerAttestVerify(attest, terminal);
}
