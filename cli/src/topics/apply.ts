import type { TopicChange } from "@cloister/messaging/kafka/admin";
import { InvalidArgumentError, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { tableLines } from "../table.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { tenantIdFrom } from "../token/tenant-choice.ts";
import { addBrokerOptions, brokersOf, kafkaAdmin, type BrokerFlags } from "./brokers.ts";
import { isAgreed, type ConsentFlags } from "./consent.ts";

interface Flags extends BrokerFlags, ConsentFlags {
  readonly flowDays: number;
  readonly partitions?: number;
  readonly replicas?: number;
  readonly minInsync?: number;
  readonly tenant?: readonly string[];
}

const notes = `
The plan is shown first. Topics take the broker's time for their records (LogAppendTime) and drop them after the period of
class flow, in segments of a ninth of it. A record counts when --min-insync copies have it.

Nothing shrinks: a topic never loses partitions, nor is a limit lowered that its records rely on. More partitions put a
conversation's later messages elsewhere, and a shorter period drops what waits, so both are refused (TOPIC_NOT_DRAINED)
until every consumer group has read the topic to its end: stop ingest, then the others, and start them with
CLOISTER_KAFKA_PARTITIONS set to the new number. Without a terminal nothing is done unless --yes is given.

Examples:
  cloister topics apply --brokers kafka-1:9092,kafka-2:9092,kafka-3:9092
  cloister topics apply --flow-days 2 --yes
  cloister topics apply --tenant ./tenant --json`;

/** Adds `cloister topics apply`. */
export function registerTopicsApply(group: Command, terminal: Terminal): void {
  const command = group
    .command("apply")
    .summary("make the topics, or bring their settings up to date")
    .description("Makes the pipeline's topics on Kafka, and those of tenants, or brings their settings up to date.");
  addBrokerOptions(command)
    .option("--flow-days <days>", "the longest that a policy here keeps class flow, 1 to 7", countTo(7), 7)
    .option("--partitions <count>", "of each pipeline topic (default: 8 for new ones)", countTo(1_000))
    .option("--replicas <count>", "copies of a new topic (default: 3, or one a broker)", countTo(100))
    .option("--min-insync <count>", "copies that must have a record (default: one less)", countTo(100))
    .option("--tenant <folder|id...>", "tenants that use Kafka themselves: each gets its pair of topics")
    .option("--yes", "don't ask")
    .option("--json", "print as JSON; asks nothing, and changes nothing without --yes")
    .addHelpText("after", notes)
    .action((flags: Flags, self: Command) => apply(flags, terminal, self));
}

async function apply(flags: Flags, terminal: Terminal, self: Command): Promise<void> {
  const { flowDays, partitions, replicas, minInsync, tenant = [] } = flags;
  if (minInsync !== undefined && minInsync > (replicas ?? 0)) {
    self.error("error: --min-insync needs --replicas, and at least as many");
  }
  const { applyTopics, planTopicsOf } = await kafkaAdmin();
  const connection = await brokersOf(flags);
  const changes = await planTopicsOf(connection, {
    flowDays,
    tenantIdsHex: await Promise.all(tenant.map((one) => tenantIdFrom(one))),
    ...(partitions !== undefined && { partitions }),
    ...(replicas !== undefined && {
      durability: { replicationFactor: replicas, minInsyncReplicas: minInsync ?? Math.max(1, replicas - 1) },
    }),
  });
  if (flags.json !== true) printLines(terminal, changes.length === 0 ? ["Nothing to change."] : planLines(changes));
  const isApplied = changes.length > 0 && (await isAgreed("Change the topics so?", flags, terminal));
  if (isApplied) await applyTopics(connection, changes);
  if (flags.json === true) printJson(terminal, { changes: changes.map(rowOf), applied: isApplied });
  else if (isApplied) printLines(terminal, ["Done."]);
  if (isApplied || changes.length === 0) return;
  throw new CliError("CONFIRMATION_REQUIRED", "The topics are as they were: say --yes if you mean the plan.");
}

interface Row {
  readonly topic: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

function planLines(changes: readonly TopicChange[]): string[] {
  return tableLines(
    ["topic", "what", "is", "will be"],
    changes.map(rowOf).map(({ topic, what, from, to }) => [topic, what, readable(what, from), readable(what, to)]),
  );
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Days and hours say more than ms. */
function readable(what: string, value: string): string {
  const ms = Number(value);
  if (!what.endsWith(".ms") || !(ms > 0)) return value;
  return ms < DAY_MS ? `${(ms / (DAY_MS / 24)).toFixed(1)} h` : `${(ms / DAY_MS).toFixed(1)} days`;
}

function rowOf(change: TopicChange): Row {
  const { topic } = change;
  switch (change.change) {
    case "create": {
      const { partitions, replicationFactor } = change.wanted;
      return { topic, what: "topic", from: "missing", to: `${partitions} partitions, copies: ${replicationFactor}` };
    }
    case "partitions":
      return { topic, what: "partitions", from: String(change.from), to: String(change.to) };
    case "setting":
      return { topic, what: change.setting, from: change.from ?? "not set", to: change.to };
  }
}

function countTo(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^[1-9]\d*$/u.test(text) && count <= most) return count;
    throw new InvalidArgumentError(`Give a number from 1 to ${most}.`);
  };
}
