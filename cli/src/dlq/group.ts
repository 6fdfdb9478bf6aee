import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerDlqList } from "./list.ts";
import { registerDlqOrders } from "./order.ts";
import { registerDlqShow } from "./show.ts";

/** Adds `cloister dlq`. */
export function registerDlq(program: Command, terminal: Terminal): void {
  const group = program
    .command("dlq")
    .summary("dead letters: list, show, redrive, drop")
    .description("Dead letters: sealed records that a service could not handle. Nothing here can read them.");
  registerDlqList(group, terminal);
  registerDlqShow(group, terminal);
  registerDlqOrders(group, terminal);
}
