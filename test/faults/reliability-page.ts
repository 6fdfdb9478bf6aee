import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import type { StoredRow } from "./results.ts";
import type { Play } from "./rows/index.ts";

const page = join(repositoryRoot, "docs/reliability.md");
const [begin, end] = ["<!-- the table of npm run test:faults -->", "<!-- its end -->"];

/** Writes the table of all rows into docs/reliability.md: what was played, and what was not. */
export async function writePage(plays: readonly Play[], kept: readonly StoredRow[]): Promise<void> {
  const text = readFileSync(page, "utf8");
  const [before, after] = [text.split(begin)[0], text.split(end)[1]];
  if (before === undefined || after === undefined) throw new Error("docs/reliability.md has no place for the table");
  const whole = `${before}${begin}\n\n${tableOf(plays, kept)}\n${end}${after}`;
  const options = await prettier.resolveConfig(page);
  writeFileSync(page, await prettier.format(whole, { ...options, parser: "markdown" }));
}

/** Markdown, with one line of totals over it. */
export function tableOf(plays: readonly Play[], kept: readonly StoredRow[]): string {
  const lines = plays.map((play) => lineOf(play, keptOf(play, kept)));
  return [
    totalsOf(plays, kept),
    "",
    "| row | client | fault | accepted | answered | dead letters | lost, doubled, in clear | came again | first reply after | all caught up after | commit |",
    "| --- | --- | --- | --: | --: | --- | --- | --- | --: | --: | --- |",
    ...lines,
    "",
  ].join("\n");
}

const keptOf = ({ row, kafkaClient }: Play, kept: readonly StoredRow[]): StoredRow | undefined =>
  kept.find((one) => one.row === row.name && one.kafkaClient === kafkaClient);

function totalsOf(plays: readonly Play[], kept: readonly StoredRow[]): string {
  const results = plays.flatMap((play) => keptOf(play, kept)?.result ?? []);
  const passed = results.filter(({ failures }) => failures.length === 0);
  const accepted = results.reduce((sum, { account }) => sum + account.accepted, 0);
  const bytes = results.reduce((sum, { search }) => sum + search.bytes, 0);
  const open = plays.length - results.length;
  return [
    `${passed.length} of ${plays.length} rows passed, ${results.length - passed.length} failed, ${open} were not played.`,
    `${accepted.toLocaleString("en")} messages were accepted, and ${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB searched.`,
  ].join(" ");
}

function lineOf({ row, kafkaClient }: Play, kept: StoredRow | undefined): string {
  const cells = kept?.result === undefined ? notPlayed(kept) : played(kept, kept.result);
  return `| ${[`\`${row.name}\``, kafkaClient, row.fault, ...cells].join(" | ")} |`;
}

function notPlayed(kept: StoredRow | undefined): string[] {
  const why = kept?.missing === undefined ? "not played" : `skipped: ${kept.missing}`;
  return ["", "", "", why, "", "", "", kept?.commit ?? ""];
}

function played({ commit }: StoredRow, result: NonNullable<StoredRow["result"]>): string[] {
  const { account, recovery, redeliveries, notes, failures } = result;
  const again = Object.entries(redeliveries).map(([service, count]) => `${service} ${count}`);
  const verdict = failures.length === 0 ? "none" : `**FAILED**: ${failures.join("; ")}`;
  return [
    String(account.accepted),
    String(account.replied),
    listed(account.deadLetters),
    [verdict, ...notes].join("; ").replaceAll("|", "\\|").replaceAll("\n", " "),
    again.join(", "),
    seconds(recovery.firstReplyMs),
    seconds(recovery.caughtUpMs),
    commit,
  ];
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${count} ${code}`)
    .join(", ");

const seconds = (ms: number | null): string => (ms === null ? "" : `${(ms / 1_000).toFixed(1)} s`);
