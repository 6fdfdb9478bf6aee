import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImportJournal, removeJournal } from "../src/kb/import-journal.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const into = { name: "default", conversationIdHex: "ab".repeat(16), nowMs };
const [sent, other] = ["a", "b"].map((id) => ({ documentId: id, title: "Secret title", text: "Secret text." }));
if (sent === undefined || other === undefined) throw new Error("there are two documents");

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-journal-"));
  file = join(folder, "knowledge-base-default.unfinished");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the journal of an import", () => {
  it("tells what an interrupted import sent, and nothing of what it says", async () => {
    await (await ImportJournal.open(folder, into)).addSent(sent);
    const resumed = await ImportJournal.open(folder, { ...into, nowMs: nowMs + 3_600_000 });
    expect([resumed.hasSent(sent), resumed.hasSent(other)]).toEqual([true, false]);
    expect(await readFile(file, "utf8")).not.toContain("Secret");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("has a changed document sent again", async () => {
    const resumed = await ImportJournal.open(folder, into);
    expect(resumed.hasSent({ ...sent, text: "Another text." })).toBe(false);
  });

  it("passes over a line that a crash cut", async () => {
    await appendFile(file, "0123");
    expect((await ImportJournal.open(folder, into)).hasSent(sent)).toBe(true);
  });

  it.each([
    ["of another knowledge base", { ...into, conversationIdHex: "cd".repeat(16) }],
    ["that lies for longer than a day", { ...into, nowMs: nowMs + 25 * 3_600_000 }],
  ])("begins anew after one %s", async (_, later) => {
    await (await ImportJournal.open(folder, into)).addSent(sent);
    expect((await ImportJournal.open(folder, later)).hasSent(sent)).toBe(false);
    await removeJournal(folder, "default");
  });

  it("is gone when the import is complete", async () => {
    const journal = await ImportJournal.open(folder, into);
    await journal.addSent(sent);
    await journal.end();
    expect((await ImportJournal.open(folder, into)).hasSent(sent)).toBe(false);
  });
});
