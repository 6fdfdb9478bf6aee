import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import "@cloister/policy/sentences";
import { registerAttest } from "./attest/group.ts";
import { registerChat } from "./chat/chat.ts";
import { registerDlq } from "./dlq/group.ts";
import { registerDoctor } from "./doctor/doctor.ts";
import { errorLine } from "./error-line.ts";
import { registerKb } from "./kb/group.ts";
import { registerKeys } from "./keys/group.ts";
import { registerMigrate } from "./migrate/group.ts";
import { registerPolicy } from "./policy/group.ts";
import { registerRecipient } from "./recipient/group.ts";
import { registerRedact } from "./redact/redact.ts";
import { registerRelease } from "./release/group.ts";
import { registerReplies } from "./replies/replies.ts";
import { registerRetention } from "./retention/group.ts";
import { registerServe } from "./serve.ts";
import { registerTenant } from "./tenant/group.ts";
import { registerStart } from "./start/start.ts";
import type { Terminal } from "./terminal.ts";
import { registerTopics } from "./topics/group.ts";
import { registerToken } from "./token/group.ts";

const notes = `
Exit codes:
  0  done
  1  refused or failed: one line on standard error, cloister: CODE: what happened and what to do
  2  the command was used wrongly
  3  of policy diff alone: the policy weakens protection, or may
  10, 20, 30  of attest verify alone: rejected, not supported, malformed

Examples:
  cloister serve
  cloister tenant init --out ./tenant
  cloister policy sign --tenant ./tenant --preset standard --development
  cloister policy apply ./tenant/policy-1.note --tenant ./tenant
  cloister kb import --tenant ./tenant handbook/*.md
  cloister chat --tenant ./tenant --kb default
  cloister retention status
  cloister doctor --tenant ./tenant`;

/** Every command. Each calls the running system over HTTP; only `migrate` opens a database. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("cloister")
    .description("End-to-end encrypted AI chat: what you can do with it from a terminal.")
    .version(manifest.version, "-V, --version", "print the version")
    // So that `policy sign --version 2` is the policy's.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "cloister: USAGE: ")),
    })
    .exitOverride()
    .addHelpText("after", notes);
  registerServe(program, terminal);
  registerStart(program, terminal);
  registerTenant(program, terminal);
  registerToken(program, terminal);
  registerPolicy(program, terminal);
  registerRelease(program, terminal);
  registerKb(program, terminal);
  registerChat(program, terminal);
  registerRecipient(program, terminal);
  registerReplies(program, terminal);
  registerRetention(program, terminal);
  registerDlq(program, terminal);
  registerKeys(program, terminal);
  registerMigrate(program, terminal);
  registerTopics(program, terminal);
  registerDoctor(program, terminal);
  registerRedact(program, terminal);
  registerAttest(program, terminal);
  return program;
}

/** Runs one command line and sets the exit code: 0 done, 1 refused or failed, 2 used wrongly. Never throws. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await createProgram(terminal).parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed what was wrong, or the help that was asked for.
      terminal.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    terminal.stderr.write(`${errorLine(error)}\n`);
    terminal.exitCode = 1;
  }
}
