import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { DAY_MS, HOUR_MS } from "@cloister/policy";
import type { Log } from "@cloister/service";
import { prepareDataFolder } from "@cloister/testing";
import { CapturedLogs } from "../src/demo/captured-logs.ts";
import { demoConversations } from "../src/demo/conversations.ts";
import type { DemoReport } from "../src/demo/demo-report.ts";
import { readInput } from "../src/demo/input-lines.ts";
import { runDemo } from "../src/demo/run-demo.ts";
import { Show } from "../src/demo/show.ts";
import { MovableClock, openDataFolder, type DataFolder } from "../src/index.ts";
import { writeToLog } from "./planted.ts";
import { buildDemo, runBuiltDemo } from "./spawned-demo.ts";

// Whole demos are played, on machines that may be busy.
jest.setTimeout(180_000);

const typed = "Hello, I am Marisol Quintanilla. When does my debit card arrive?";

describe("the demo", () => {
  let scratch: string;
  const inScratch = (name: string): string => join(scratch, name);
  const line = (text: string, conversation = "mine"): string => JSON.stringify({ conversation, text });
  async function preparedFolder(name: string): Promise<DataFolder> {
    await prepareDataFolder(inScratch(name));
    return openDataFolder(inScratch(name));
  }
  async function inputFile(name: string, ...lines: readonly string[]): Promise<string> {
    await writeFile(inScratch(name), lines.join("\n"));
    return inScratch(name);
  }

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "cloister-demo-test-"));
    await buildDemo();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it("holds with the conversations that come with it, and says so by exit code, text and data", async () => {
    const file = inScratch("report.json");
    const { exitCode, stdout, stderr } = await runBuiltDemo("--json", file);
    expect(stdout).toContain("Everything held.");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const report = JSON.parse(await readFile(file, "utf8")) as DemoReport;
    const texts = demoConversations.flatMap(({ messages }) => messages.map(({ text }) => text));
    expect(report.messages.map((message) => message.typed)).toEqual(texts);
    expect(report.messages.filter(({ readerRead, failure }) => readerRead === null || failure !== null)).toEqual([]);
    expect(report).toMatchObject({ held: true, forgotten: true, brokenLines: [], search: { findings: [] } });
    const [before, ...after] = report.attempts;
    expect(before?.opened).toBe(before?.tried);
    expect(after.map(({ opened, tried }) => [opened, tried > 0])).toEqual([
      [0, true],
      [0, true],
    ]);
    expect([report.purges.length > 0, report.receipts.length > 0]).toEqual([true, true]);
  });

  it("shows the model placeholders where the reader reads values", async () => {
    const { messages } = JSON.parse(await readFile(inScratch("report.json"), "utf8")) as DemoReport;
    const personal = demoConversations.flatMap((one) => one.messages.flatMap((message) => message.personal));
    const seen = messages.map(({ modelSaw }) => modelSaw ?? "").join("\n");
    expect(personal.filter((value) => seen.includes(value))).toEqual([]);
    expect(seen).toContain("[PERSON_1]");
    expect(messages.map(({ readerRead }) => readerRead).join("\n")).not.toMatch(/\[[A-Z_]+_\d+(\.\d+)?\]/u);
  });

  it("plays a user's own messages, names a broken line and fails by it", async () => {
    const input = await inputFile("input.jsonl", line(typed), '{"conversation": "mine"}', line("Ok?"), "no JSON");
    const file = inScratch("input-report.json");
    const { exitCode, stdout } = await runBuiltDemo("--input", input, "--json", file);
    expect([exitCode, stdout.includes("line 2 was passed over")]).toEqual([1, true]);
    const report = JSON.parse(await readFile(file, "utf8")) as DemoReport;
    expect(report.brokenLines.map((broken) => broken.line)).toEqual([2, 4]);
    expect(report.messages.map((message) => [message.typed, message.failure])).toEqual([
      [typed, null],
      ["Ok?", null],
    ]);
    expect(report).toMatchObject({ held: false, forgotten: true, search: { findings: [] } });
  });

  it("forgets what a day's last hour brought, whose keys may be sealed to after midnight", async () => {
    const clock = new MovableClock();
    const lateMs = DAY_MS - HOUR_MS / 2;
    clock.advance((lateMs + DAY_MS - (clock.nowMs() % DAY_MS)) % DAY_MS);
    const input = await readInput(await inputFile("late.jsonl", line(typed)));
    const report = await runDemo({
      folder: await preparedFolder("late"),
      show: new Show(() => {}),
      input,
      clock,
    });
    expect(report).toMatchObject({ held: true, forgotten: true });
  });

  it("fails when a service writes what was typed into its log", async () => {
    const logs: Log[] = [];
    const { logOf } = CapturedLogs.prototype;
    jest.spyOn(CapturedLogs.prototype, "logOf").mockImplementation(function (this: CapturedLogs, service) {
      const log = logOf.call(this, service);
      if (service === "redaction") logs.push(log);
      return log;
    });
    const input = await readInput(await inputFile("leak.jsonl", line(typed)));
    const show = new Show((shown) => {
      if (!shown.includes("Latency")) return;
      for (const log of logs) writeToLog(log, `could not redact: ${typed}`);
    });
    const report = await runDemo({ folder: await preparedFolder("leak"), show, input });
    expect(report).toMatchObject({ held: false, forgotten: true, brokenLines: [] });
    expect(new Set(report.search.findings.map(({ place }) => place))).toEqual(new Set(["log lines of redaction"]));
  });

  it.each([
    ["no such file", ["--input", "/nowhere/at/all.jsonl"]],
    ["an unknown flag", ["--inptu", "x"]],
  ])("refuses %s with exit code 2 before it starts anything", async (_, args) => {
    const { exitCode, stdout } = await runBuiltDemo(...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
  });
});
