import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerKbImport } from "./import.ts";
import { registerKbList } from "./list.ts";
import { registerKbRemove } from "./remove.ts";

export function registerKb(program: Command, terminal: Terminal): void {
  const kb = program
    .command("kb")
    .summary("knowledge bases: import documents, list them, erase one")
    .description("Knowledge bases hold documents that chats are answered from.");
  registerKbImport(kb, terminal);
  registerKbList(kb, terminal);
  registerKbRemove(kb, terminal);
}
