import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Database } from "@cloister/storage";
import { testDatabaseIn } from "@cloister/testing";
import { searchForValues, windowsOf, type Finding } from "@cloister/canary";
import { CapturedLogs } from "../src/demo/captured-logs.ts";
import { untilIdle } from "../src/demo/on-the-log.ts";
import { placesOf } from "../src/demo/places.ts";
import { makeTenant, reachedOf } from "../src/demo/tenant.ts";
import { MovableClock, openDataFolder, startEmbedded, type DataFolder, type EmbeddedCloister } from "../src/index.ts";
import { leaksFor, plantInFile, plantInTable, plantInTopic, writeToLog, type Leak } from "./planted.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

const typed = 'I am Zoë "Canary" Quintanilla-Vance, card 4556 7375 8689 9855, zoe.canary@example.org.';
/** A log is text: what lies in it in another encoding is text that stands for bytes. */
const inLogs = ["utf-8", "hex", "hex-upper", "base64+0", "base64+1", "base64+2"];

describe("the search for what was typed", () => {
  const logs = new CapturedLogs();
  let folder: DataFolder;
  let databases: { readonly main: Database; readonly keys: Database };
  let cloister: EmbeddedCloister;
  beforeAll(async () => {
    folder = await openDataFolder(await mkdtemp(join(tmpdir(), "cloister-canary-")));
    const clock = new MovableClock();
    const main = await testDatabaseIn(folder.mainDatabase);
    databases = { main, keys: await testDatabaseIn(folder.keysDatabase) };
    const logOf = (name: string) => logs.logOf(name);
    cloister = await startEmbedded({ folder, clock, logOf, retentionIntervalMs: 0, databases });
    const tenant = await makeTenant(reachedOf(cloister), clock);
    const chat = await tenant.client.openConversation({ admission: tenant.admitChat([]) });
    await chat.ask(typed);
    await untilIdle(cloister.mainDatabase);
  });
  afterAll(async () => {
    await cloister.close();
    await Promise.all([databases.main.close(), databases.keys.close()]);
    await rm(folder.path, { recursive: true, force: true });
  });

  async function search(values: readonly string[]): Promise<readonly Finding[]> {
    const databases = [
      { name: "main", db: cloister.mainDatabase },
      { name: "keys", db: cloister.keysDatabase },
    ];
    return (await searchForValues(values, placesOf({ databases, folder: folder.path, logs }))).findings;
  }
  async function expectFound(place: string, leaks: readonly Leak[]): Promise<void> {
    const findings = await search(leaks.map(({ value }) => value));
    const found = findings.filter((finding) => finding.place === place);
    const expected = leaks.map(({ value, encoding }) => ({ place, value, encoding }));
    expect(found).toEqual(expect.arrayContaining(expected));
  }

  it("finds nothing of a conversation, in whole or in pieces", async () => {
    expect(await search([typed, ...windowsOf(typed, 16)])).toEqual([]);
  });

  it("finds a row of a table in every encoding", async () => {
    const leaks = leaksFor("table");
    await plantInTable(cloister, leaks);
    await expectFound("table main: redaction.planted", leaks);
  });

  it("finds a record of a topic in every encoding", async () => {
    const leaks = leaksFor("topic");
    await plantInTopic(cloister, leaks);
    const { value: anyOf } = leaks[0] ?? { value: "" };
    const [finding] = await search([anyOf]);
    await expectFound(finding?.place ?? "nowhere", leaks);
    expect(finding?.place).toMatch(/^table main: log\.record/u);
  });

  it("finds bytes of a database's own files in every encoding", async () => {
    const leaks = leaksFor("file");
    await plantInFile(folder.path, leaks);
    await expectFound("file main/planted.tmp", leaks);
  });

  it("finds a log line in every encoding that a text can have", async () => {
    const leaks = leaksFor("log").filter(({ encoding }) => inLogs.includes(encoding));
    const log = logs.logOf("careless");
    for (const { bytes } of leaks) writeToLog(log, Buffer.from(bytes).toString());
    // JSON escapes the quotes of the plain text.
    const lying = leaks.map((leak) => (leak.encoding === "utf-8" ? { ...leak, encoding: "json" } : leak));
    await expectFound("log lines of careless", lying);
  });
});
