import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerReleaseInit } from "./init.ts";
import { registerReleaseShow } from "./show.ts";
import { registerReleaseSign } from "./sign.ts";

export function registerRelease(program: Command, terminal: Terminal): void {
  const release = program
    .command("release")
    .summary("manifests by which release signers allow programs: sign them, show them")
    .description("A tenant's policy may name release signers: programs of a manifest that one of them signed may run.");
  registerReleaseInit(release, terminal);
  registerReleaseSign(release, terminal);
  registerReleaseShow(release, terminal);
}
