import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { isFree } from "@cloister/testing/engines";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import type { StackDemoReport } from "../../scripts/stack/demo.ts";
import type { StatusRow } from "../../scripts/stack/status.ts";
import { describeWithEngines } from "./describe-with-engines.ts";

// Four engines, and in the demo six services, start on a machine that may be busy.
jest.setTimeout(420_000);

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-stack-test-"));
  await chmod(folder, 0o711);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function script(name: string, ...args: readonly string[]) {
  return run(process.execPath, [join(repositoryRoot, "scripts", name), ...args], { maxBuffer: 16 * 1024 * 1024 });
}

describeWithEngines("npm run stack", () => {
  describe("with engines alone", () => {
    const stack = async (command: string, ...args: readonly string[]): Promise<Map<string, StatusRow>> => {
      const { stdout } = await script("stack.ts", command, "--data", join(folder, "stack"), "--json", ...args);
      return new Map((JSON.parse(stdout) as StatusRow[]).map((row) => [row.name, row]));
    };
    const engines = ["kafka", "postgres", "keys-postgres", "redis"];
    let first: Map<string, StatusRow>;

    beforeAll(async () => {
      first = await stack("up", "--port-offset", String(randomInt(1_000, 9_000)));
    });
    afterAll(async () => {
      await stack("down");
    });

    it("starts each engine, and no service that nobody asked for", () => {
      const runs = [...first.values()].filter(({ state }) => state === "running").map(({ name }) => name);
      expect(runs).toEqual(engines);
    });

    it("writes for each service the variables that name its own login, and no secret", async () => {
      const text = await readFile(join(folder, "stack", "redaction.env"), "utf8");
      const password = await readFile(join(folder, "stack", "secrets", "database-redaction"), "utf8");
      expect(text).toMatch(/^CLOISTER_DATABASE_URL=postgresql:\/\/redaction_1@127\.0\.0\.1:\d+\/cloister$/mu);
      expect(text).not.toContain(password.trim());
    });

    it("leaves alone what runs when it is started again", async () => {
      const pids = (rows: Map<string, StatusRow>) => engines.map((name) => rows.get(name)?.pid);
      expect(pids(await stack("up"))).toEqual(pids(first));
    });

    it("ends by their pids all that it has started", async () => {
      const ended = await stack("down");
      expect([...ended.values()].map(({ state }) => state)).toEqual(Array.from(ended, () => "stopped"));
      const ports = [...first.values()].map(({ address }) => Number(address.split(":")[1]));
      expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
    });
  });

  it("plays the demo there with each service its own process, and it holds", async () => {
    const file = join(folder, "report.json");
    const { stdout } = await script("demo.ts", "--stack", "--json", file);
    expect(stdout).toContain("Everything held.");
    const report = JSON.parse(await readFile(file, "utf8")) as StackDemoReport;
    const asked = report.messages.map(({ modelSaw }) => modelSaw ?? "");
    expect(report).toMatchObject({ held: true, search: { findings: [] } });
    expect(asked.filter((text) => text === "" || text.includes("Quintanilla"))).toEqual([]);
  });
});
