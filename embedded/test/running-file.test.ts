import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { removeRunningFile, runningFilePath, writeRunningFile } from "@cloister/embedded/running-file";

const program = { measurement: "00".repeat(48), configurationDigest: "11".repeat(48) };
const running = {
  pid: process.pid,
  url: "http://127.0.0.1:1",
  accessToken: "first start",
  metricsUrl: "http://127.0.0.1:2/metrics",
  retentionUrl: "http://127.0.0.1:3",
  retentionToken: "first start",
  operationsUrls: ["http://127.0.0.1:4"],
  operationsToken: "first start",
  simulatedRoot: "02".repeat(33),
  measurements: { keys: program, redaction: program, "enclave-inference": program, embedding: program },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-running-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the file that says how to reach a start", () => {
  it("goes with its own start", async () => {
    await writeRunningFile(folder, running);
    await removeRunningFile(folder, running);
    await expect(readFile(runningFilePath(folder))).rejects.toThrow("ENOENT");
    await expect(removeRunningFile(folder, running)).resolves.toBeUndefined();
  });

  it("stays when another start has written it since", async () => {
    await writeRunningFile(folder, running);
    await writeRunningFile(folder, { ...running, accessToken: "second start" });
    await removeRunningFile(folder, running);
    expect(await readFile(runningFilePath(folder), "utf8")).toContain("second start");
  });
});
