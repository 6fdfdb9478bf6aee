import chalk from "chalk";
import { tableLines } from "../table.ts";
import { timeText } from "../terminal.ts";
import type { Purge, RetentionStatus } from "./retention-answers.ts";

/** What is due, what each table holds and when the next of it ends, and the last purges. */
export function statusLines({ nowMs, keysDue, stores, purges }: RetentionStatus): string[] {
  return [
    chalk.bold(`Retention at ${timeText(nowMs)}`),
    dueSentence(keysDue, stores),
    "",
    ...storeTable(stores),
    "",
    ...(purges.length === 0 ? ["No purge yet."] : [chalk.bold("Last purges"), ...purgeTable(purges)]),
  ];
}

function dueSentence(keysDue: number, stores: RetentionStatus["stores"]): string {
  const partitions = stores.reduce((sum, { due }) => sum + due, 0);
  if (keysDue === 0 && partitions === 0) return "Nothing is due.";
  return `Due now: ${count(keysDue, "key")} to destroy, ${count(partitions, "partition")} to drop. \`cloister retention run\` does it.`;
}

function storeTable(stores: RetentionStatus["stores"]): string[] {
  const kept = stores.filter(({ buckets }) => buckets > 0);
  if (kept.length === 0) return ["Nothing is stored."];
  const rows = kept.map(({ table, buckets, due, nextEndMs, lastEndMs }) => [
    table,
    buckets,
    due,
    timeOrNone(nextEndMs),
    timeOrNone(lastEndMs),
  ]);
  return tableLines(["table", "buckets", "due", "next ends", "last ends"], rows);
}

export function purgeTable(purges: readonly Purge[]): string[] {
  const rows = purges.map(({ id, state, dueAtMs, keys, dropped }) => [
    id,
    state,
    timeText(dueAtMs),
    keys.length,
    dropped.reduce((sum, one) => sum + one.rows, 0),
  ]);
  return tableLines(["purge", "state", "what ended by", "keys destroyed", "rows dropped"], rows);
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

const timeOrNone = (ms: number | null): string => (ms === null ? "" : timeText(ms));
