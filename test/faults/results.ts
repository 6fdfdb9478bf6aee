import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { faultNames } from "./account.ts";
import { kafkaClients } from "./deployment.ts";
import type { RowResult } from "./run-row.ts";

export const resultsFolder = join(repositoryRoot, ".cache/faults");

const counts = z.record(z.string(), z.number());

const stored = z.object({
  row: z.string(),
  kafkaClient: z.enum(kafkaClients),
  /** Short. */
  commit: z.string(),
  /** Of all that decides a row's result: the same as long as none of it changes. */
  codeDigest: z.string(),
  messages: z.number(),
  conversations: z.number(),
  atIso: z.string(),
  /** Why it was not played; the fields after it are missing then. */
  missing: z.string().optional(),
  result: z
    .object({
      account: z.object({
        sent: z.number(),
        accepted: z.number(),
        refused: z.number(),
        replied: z.number(),
        deadLetters: counts,
        faults: z.array(z.object({ fault: z.enum(faultNames), conversationId: z.string(), messageId: z.string() })),
      }),
      recovery: z.object({ firstReplyMs: z.number().nullable(), caughtUpMs: z.number() }),
      redeliveries: counts,
      postsAgain: z.number(),
      search: z.object({ findings: z.number(), values: z.number(), bytes: z.number() }),
      notes: z.array(z.string()),
      failures: z.array(z.string()),
      seconds: z.number(),
    })
    .optional(),
});

/** A row that was played, as it is kept. */
export type StoredRow = z.output<typeof stored>;

/** What is kept of a result: how much was searched and found, not where. */
export function keepable({ search, ...result }: RowResult): NonNullable<StoredRow["result"]> {
  const { values, bytes, findings } = search;
  const { account, recovery, redeliveries, postsAgain, notes, failures, seconds } = result;
  return {
    account: { ...account, deadLetters: { ...account.deadLetters }, faults: [...account.faults] },
    recovery,
    redeliveries: { ...redeliveries },
    postsAgain,
    search: { values, bytes, findings: findings.length },
    notes: [...notes],
    failures: [...failures],
    seconds,
  };
}

const fileOf = (row: string, kafkaClient: string): string => join(resultsFolder, `${row}.${kafkaClient}.json`);

export function keep(row: StoredRow): void {
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(fileOf(row.row, row.kafkaClient), JSON.stringify(row, null, 2));
}

export function keptRows(): StoredRow[] {
  if (!existsSync(resultsFolder)) return [];
  const files = readdirSync(resultsFolder).filter((name) => name.endsWith(".json"));
  return files.map((name) => stored.parse(JSON.parse(readFileSync(join(resultsFolder, name), "utf8"))));
}

const deciding = ["libs", "services", "proto", "package-lock.json", "test/faults", "test/e2e"];

const git = (...args: string[]): string => execFileSync("git", args, { cwd: repositoryRoot, encoding: "utf8" }).trim();

/** The commit, and a digest of what it holds that decides results. With changes that are in no commit the commit says so. */
export function codeNow(): { readonly commit: string; readonly codeDigest: string } {
  const short = git("rev-parse", "--short=9", "HEAD");
  const changed = git("status", "--porcelain", "--", ...deciding);
  const trees = deciding.map((path) => git("rev-parse", `HEAD:${path}`)).join(" ");
  return {
    commit: changed === "" ? short : `${short} with changes`,
    codeDigest: createHash("sha256").update(trees).update(changed).digest("hex").slice(0, 16),
  };
}
