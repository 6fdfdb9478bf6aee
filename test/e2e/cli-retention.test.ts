import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { howToReach, openDataFolder, startEmbedded, type EmbeddedCloister } from "@cloister/embedded";
import { writeRunningFile } from "@cloister/embedded/running-file";
import { nodeBackend } from "@cloister/envelope/node";
import { DAY_MS } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Database } from "@cloister/storage";
import { silentLog, testDatabase } from "@cloister/testing";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { TestTenant } from "./tenant.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(120_000);

let behindMs = 2 * DAY_MS;
/** Starts two days ago and is set to now, so that what the command verifies by its own clock is of today. */
const clock = {
  nowMs: () => systemClock.nowMs() - behindMs,
  monotonicMs: () => systemClock.monotonicMs() + 2 * DAY_MS - behindMs,
};

let path: string;
let db: Database;
let cloister: EmbeddedCloister;
let tenant: TestTenant;

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "cloister-cli-retention-"));
  db = await testDatabase();
  cloister = await startEmbedded({
    folder: await openDataFolder(path),
    clock,
    logOf: () => silentLog,
    retentionIntervalMs: 0,
    databases: { main: db, keys: db },
  });
  tenant = new TestTenant(cloister.instances);
  // As `serve` leaves it; the process that it names is this one.
  await writeRunningFile(path, howToReach(cloister));
  const client = createClient({
    baseUrl: cloister.ingest.address ?? "",
    accessToken: cloister.ingest.accessToken.reveal(),
    tenantId: tenant.tenantId,
    evidenceVerifiers: [simulatedVerifier],
    allowDevelopment: true,
    backend: nodeBackend,
    clock,
  });
  await client.applyPolicy(tenant.signed(tenant.policy(clock.nowMs())));
  const conversation = await client.openConversation({ admission: (keys) => tenant.admission(keys, clock.nowMs()) });
  await conversation.ask("How long is a message kept?", { timeoutMs: 60_000 });
  behindMs = 0;
});

afterAll(async () => {
  await cloister.close();
  await db.close();
  await rm(path, { recursive: true, force: true });
});

describe("cloister retention", () => {
  it("says what is due, ends it and shows a receipt that verifies from the tenant's root", async () => {
    expect((await cli("retention", "status")).stdout).toMatch(/Due now: \d+ keys? to destroy/);
    const { stdout, stderr, exitCode } = await cli("retention", "run");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("destroyed the flow key of the bucket ending");
    expect(stdout).toContain("Verified from the tenant's root.");
    expect((await cli("retention", "status")).stdout).toMatch(/Nothing is due[^]*receipted/);
  });
});

async function cli(...args: string[]) {
  const main = join(repositoryRoot, "cli/dist/main.js");
  const child = spawn(process.execPath, [main, ...args, "--data", path], { stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, exitCode: await exit };
}
