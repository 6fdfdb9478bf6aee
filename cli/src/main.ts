#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { registerRedact } from "./redact.ts";

const program = new Command()
  .name("cloister")
  .description("End-to-end encrypted AI chat: what you can do with it from a terminal.")
  .version("0.1.0");

registerRedact(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed what was wrong, and the command has set its exit code.
  if (!(error instanceof CommanderError)) throw error;
}
