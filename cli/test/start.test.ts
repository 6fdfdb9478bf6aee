import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { command } from "./captured-terminal.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-start-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function startWith(...lines: readonly string[]) {
  const file = join(folder, "ingest.env");
  await writeFile(file, lines.join("\n"));
  return command("start", "ingest", "--env-file", file);
}

describe("cloister start", () => {
  it.each([
    ["no database is named", []],
    ["the database is a folder", ["CLOISTER_DATABASE_URL=./.cloister/main"]],
    ["the database is PGlite's", ["CLOISTER_DATABASE_URL=pglite://data"]],
    ["the log is one process's", ["CLOISTER_DATABASE_URL=postgresql://db/cloister", "CLOISTER_LOG=memory"]],
  ])("refuses the embedded engines when %s", async (_when, lines) => {
    const { exitCode, stderr } = await startWith(...lines);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: ENGINE_EMBEDDED: .*cloister serve/u)]);
  });

  it("names a file of variables that it can't read", async () => {
    const { exitCode, stderr } = await command("start", "ingest", "--env-file", join(folder, "absent.env"));
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/FILE_UNREADABLE: .*absent\.env .*ENOENT/u)]);
  });

  it("names the services when it is asked for another, and exits 2", async () => {
    const { exitCode, stderr } = await command("start", "ingestion");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("keys, retention, embedding")]);
  });
});
