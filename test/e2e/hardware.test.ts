import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient, type Client } from "@cloister/client";
import { openDataFolder, startEmbedded, type EmbeddedCloister } from "@cloister/embedded";
import { nodeBackend } from "@cloister/envelope/node";
import type { PolicyChoices } from "@cloister/policy";
import { systemClock, type Clock } from "@cloister/service";
import { databaseOver, type Database } from "@cloister/storage";
import { silentLog, testDatabase } from "@cloister/testing";
import { nowMs } from "@cloister/testing/evidence/tdx";
import { codeOf } from "./application.ts";
import { HardwareMachines } from "./hardware-machines.ts";
import { TestTenant } from "./tenant.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

/** The machines were made for one day, and time goes on from there. */
const startedMs = systemClock.nowMs();
const clock: Clock = {
  nowMs: () => nowMs + systemClock.nowMs() - startedMs,
  monotonicMs: () => systemClock.monotonicMs(),
};

describe("Cloister in guests of TDX and in Nitro enclaves", () => {
  let folder: string;
  let db: Database;
  let machines: HardwareMachines;
  let cloister: EmbeddedCloister;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-e2e-"));
    machines = await HardwareMachines.make(folder, clock);
    db = await testDatabase();
    if (db.pglite === null) throw new Error("the test's database is another one than PGlite");
    const both = databaseOver(db.pglite, () => Promise.resolve());
    cloister = await startEmbedded({
      folder: await openDataFolder(join(folder, "data")),
      clock,
      logOf: () => silentLog,
      retentionIntervalMs: 0,
      databases: { main: both, keys: both },
      hardware: {
        keys: await machines.inTdx("keys"),
        redaction: await machines.inNitro("redaction"),
        "enclave-inference": await machines.inTdx("enclave-inference"),
        embedding: await machines.inNitro("embedding"),
      },
    });
  });
  afterAll(async () => {
    await cloister.close();
    await db.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A tenant's application that believes no simulated evidence, once its production policy is in force. */
  async function applicationUnder(choices: Partial<PolicyChoices>): Promise<{ client: Client; tenant: TestTenant }> {
    const tenant = new TestTenant(cloister.instances);
    const client = createClient({
      baseUrl: cloister.ingest.address ?? "",
      accessToken: cloister.ingest.accessToken.reveal(),
      tenantId: tenant.tenantId,
      evidenceVerifiers: machines.verifiers,
      backend: nodeBackend,
      clock,
    });
    const policy = tenant.policy(clock.nowMs(), {
      development: false,
      simulatedRoots: [],
      kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/tenant-kek" },
      ...choices,
    });
    await client.applyPolicy(tenant.signed(policy));
    return { client, tenant };
  }

  const hardware = { "aws-nitro": {}, "intel-tdx": {} };
  const chatOf = ({ client, tenant }: Awaited<ReturnType<typeof applicationUnder>>) =>
    client.openConversation({ admission: (keys) => tenant.admission(keys, clock.nowMs()) });

  it("answers a message of a tenant whose production policy names both", async () => {
    const chat = await chatOf(await applicationUnder({ hardware }));
    const reply = await chat.ask("I am Marisol Quintanilla. Is anybody there?");
    expect(reply).toMatchObject({ model: "extractive", rawText: expect.stringContaining("[PERSON_1]") });
  });

  it("is sealed nothing by a device whose tenant doesn't name the hardware that keys runs on", async () => {
    expect(await codeOf(applicationUnder({ hardware: { "aws-nitro": {} } }).then(chatOf))).toBe("EVIDENCE_INVALID");
  });
});
