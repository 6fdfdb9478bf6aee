import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerTopicsAcl } from "./acl.ts";
import { registerTopicsApply } from "./apply.ts";

/** Adds `cloister topics`. */
export function registerTopics(program: Command, terminal: Terminal): void {
  const topics = program
    .command("topics")
    .summary("Kafka's topics and who may use them: apply, acl")
    .description("The topics of Kafka, their settings, and which user may read or write them.");
  registerTopicsApply(topics, terminal);
  registerTopicsAcl(topics, terminal);
}
