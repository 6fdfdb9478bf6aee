import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { systemClock } from "@cloister/service";
import { openDatabase } from "@cloister/storage";
import { describeOnKafka, describeOnPostgres } from "@cloister/testing";
import { sql } from "kysely";
import { writeServiceBundle } from "../../scripts/image/bundle.ts";
import { prepareDatabases } from "./service-databases.ts";
import { serviceNames, ServiceProcesses } from "./service-processes.ts";
import { TestTenant } from "./tenant.ts";

// Six processes and two engines start on a machine that may be busy.
jest.setTimeout(180_000);

describeOnKafka("on Kafka", {}, (kafka) => {
  describeOnPostgres("with PostgreSQL for what is kept", (url) => {
    let programs: string;
    beforeAll(async () => {
      programs = await mkdtemp(join(tmpdir(), "cloister-programs-"));
      for (const name of serviceNames) {
        await writeServiceBundle(`services/${name}`, programs, { build: "development" });
      }
    });
    afterAll(() => rm(programs, { recursive: true, force: true }));

    describe.each(["kafkajs", "platformatic"])("the six services, each from what its image holds, by %s", (client) => {
      let folder: string;
      let services: ServiceProcesses;
      const keysDatabase = `cloister_keys_${randomBytes(6).toString("hex")}`;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "cloister-kafka-"));
        services = new ServiceProcesses(folder, programs);
        await onServer(url(), `create database ${keysDatabase}`);
        const keysUrl = new URL(url());
        keysUrl.pathname = `/${keysDatabase}`;
        const databases = await prepareDatabases(url(), keysUrl.href);
        await services.startWith((name) => ({
          ...databases(name),
          CLOISTER_LOG: "kafka",
          CLOISTER_KAFKA_BROKERS: kafka().bootstrapServers.join(","),
          CLOISTER_KAFKA_CLIENT: client,
        }));
      });
      afterAll(async () => {
        await services.stop("SIGKILL");
        await onServer(url(), `drop database ${keysDatabase} with (force)`);
        await rm(folder, { recursive: true, force: true });
      });

      it("answer a sealed message with the name put back", async () => {
        const tenant = new TestTenant(await services.instances());
        const sdk = createClient({
          baseUrl: services.ingestUrl,
          accessToken: await services.accessToken,
          tenantId: tenant.tenantId,
          evidenceVerifiers: [simulatedVerifier],
          allowDevelopment: true,
          backend: nodeBackend,
        });
        const nowMs = systemClock.nowMs();
        await sdk.applyPolicy(tenant.signed(tenant.policy(nowMs)));
        const conversation = await sdk.openConversation({ admission: (keys) => tenant.admission(keys, nowMs) });
        const { text } = await conversation.ask("Hello, I am Marisol Quintanilla.", { timeoutMs: 60_000 });
        expect(text).toContain("Marisol Quintanilla");
        // A long text is read by a thread of its own, from a file beside the service's.
        const long = `${"The lamp in the hall is on. ".repeat(400)}I am Marisol Quintanilla. Who am I?`;
        expect((await conversation.ask(long, { timeoutMs: 60_000 })).text).toContain("Marisol Quintanilla");
        for (const name of serviceNames) expect(services.outputOf(name)).not.toContain("Quintanilla");
      });

      it("drain at SIGTERM and exit 0", async () => {
        expect(await services.stop("SIGTERM")).toEqual(Object.fromEntries(serviceNames.map((name) => [name, 0])));
      });

      it("print no warning of Node", () => {
        for (const name of serviceNames) expect(services.outputOf(name)).not.toMatch(/\(node:\d+\)/);
      });
    });
  });
});

async function onServer(url: string, statement: string): Promise<void> {
  const db = await openDatabase({ engine: "postgres", url });
  try {
    await sql.raw(statement).execute(db.kysely);
  } finally {
    await db.close();
  }
}
