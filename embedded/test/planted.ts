import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PostgresMessageLog } from "@cloister/messaging";
import type { Log } from "@cloister/service";
import { wakeUpsFor } from "@cloister/storage";
import { silentLog } from "@cloister/testing";
import { sql } from "kysely";
import type { EmbeddedCloister } from "../src/index.ts";
import { MovableClock } from "../src/index.ts";

/** A piece of text as it could lie around by mistake. */
export interface Leak {
  readonly value: string;
  /** What the search should call it. */
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

const around = (value: string): string => `Dear ${value}, please call us back.`;
const escaped = (text: string): string =>
  JSON.stringify(text).replace(/[\u0080-\uffff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** One value for each encoding that the search claims, marked by `place`; each has characters that encodings differ in. */
export function leaksFor(place: string): Leak[] {
  const encodings: Record<string, (text: string) => Buffer> = {
    "utf-8": (text) => Buffer.from(text),
    "utf-16le": (text) => Buffer.from(text, "utf16le"),
    "utf-16be": (text) => Buffer.from(text, "utf16le").swap16(),
    hex: (text) => Buffer.from(Buffer.from(text).toString("hex")),
    "hex-upper": (text) => Buffer.from(Buffer.from(text).toString("hex").toUpperCase()),
    json: (text) => Buffer.from(JSON.stringify(text)),
    "json-ascii": (text) => Buffer.from(escaped(text)),
  };
  const texts = Object.entries(encodings).map(([encoding, encode]) => {
    const value = `Zoë "${place} ${encoding}" Vance`;
    return { value, encoding, bytes: encode(around(value)) };
  });
  return [...texts, ...[0, 1, 2].map((phase) => base64Leak(place, phase))];
}

/** The value begins `phase` bytes into a group of three. */
function base64Leak(place: string, phase: number): Leak {
  const value = `Zoë "${place} base64 ${String(phase)}" Vance`;
  const before = "x".repeat(3 + phase);
  const bytes = Buffer.from(Buffer.from(`${before}${value} and more`).toString("base64"));
  return { value, encoding: `base64+${String(phase)}`, bytes };
}

export async function plantInTable({ mainDatabase: { kysely } }: EmbeddedCloister, leaks: readonly Leak[]) {
  await sql`create table redaction.planted (note bytea not null)`.execute(kysely);
  for (const { bytes } of leaks) await sql`insert into redaction.planted values (${bytes})`.execute(kysely);
}

export async function plantInTopic({ mainDatabase: db }: EmbeddedCloister, leaks: readonly Leak[]) {
  const clock = new MovableClock();
  const messages = await PostgresMessageLog.open({ db, clock, log: silentLog, wakeUps: wakeUpsFor(db) });
  // Of its own, so that no service takes the records for messages.
  const topic = "planted.v1";
  await messages.ensureTopics([{ name: topic, partitions: 1 }]);
  const bucketEndMs = clock.nowMs() + 3_600_000;
  await messages.produce(leaks.map(({ bytes }) => ({ topic, key: new Uint8Array(16), value: bytes, bucketEndMs })));
  await messages.close();
}

export async function plantInFile(folder: string, leaks: readonly Leak[]): Promise<void> {
  await writeFile(join(folder, "main", "planted.tmp"), Buffer.concat(leaks.map(({ bytes }) => bytes)));
}

/** Past the types that only let constants through, as careless code would. */
export function writeToLog(log: Log, text: string): void {
  const careless = log as unknown as { info(message: string): void };
  careless.info(text);
}
