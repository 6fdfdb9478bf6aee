import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Conversation } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { systemClock } from "@cloister/service";
import { openDatabase } from "@cloister/storage";
import { describeOnPostgres, describeOnRedis, eventually } from "@cloister/testing";
import { sql } from "kysely";
import { prepareDatabases } from "./service-databases.ts";
import { serviceNames, ServiceProcesses } from "./service-processes.ts";
import { TestTenant } from "./tenant.ts";

// Six processes and two engines start on a machine that may be busy.
jest.setTimeout(180_000);

// The inner suite ends before the servers that the outer ones started.
describeOnRedis("on Redis", { persistence: "none" }, (redis) => {
  describeOnPostgres("with PostgreSQL for what is kept", (url) => {
    describe("the six services as processes", () => {
      const keysDatabase = `cloister_keys_${randomBytes(6).toString("hex")}`;
      let folder: string;
      let services: ServiceProcesses;
      let chat: Conversation;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "cloister-redis-"));
        services = new ServiceProcesses(folder);
        await onServer(url(), `create database ${keysDatabase}`);
        const keysUrl = new URL(url());
        keysUrl.pathname = `/${keysDatabase}`;
        const databases = await prepareDatabases(url(), keysUrl.href);
        await services.startWith((name) => ({ ...databases(name), CLOISTER_REDIS_URL: redis().url }));
        const tenant = new TestTenant(await services.instances());
        const client = createClient({
          baseUrl: services.ingestUrl,
          accessToken: await services.accessToken,
          tenantId: tenant.tenantId,
          evidenceVerifiers: [simulatedVerifier],
          allowDevelopment: true,
          backend: nodeBackend,
        });
        const nowMs = systemClock.nowMs();
        await client.applyPolicy(tenant.signed(tenant.policy(nowMs)));
        chat = await client.openConversation({ admission: (keys) => tenant.admission(keys, nowMs) });
      });
      afterAll(async () => {
        await services.stop("SIGKILL");
        await onServer(url(), `drop database ${keysDatabase} with (force)`);
        await rm(folder, { recursive: true, force: true });
      });

      it("show an answer while it comes, from one process to the other", async () => {
        const shown: string[] = [];
        const { text } = await chat.ask("Hello, I am Marisol Quintanilla. Who are you?", {
          timeoutMs: 60_000,
          onLive: (event) => shown.push(event.kind),
        });
        expect(text).toContain("Marisol Quintanilla");
        expect(shown).toContain("live");
      });

      it("count limits by themselves while Redis is away, and answer all the same", async () => {
        const ownLimit = async (): Promise<number> => {
          const figures = await (await fetch(services.metricsUrlOf("ingest"))).text();
          return Number(/^cloister_ingest_own_limit_requests_total (\d+)$/mu.exec(figures)?.[1] ?? 0);
        };
        expect(await ownLimit()).toBe(0);
        await redis().process?.kill();
        expect((await chat.ask("And now?", { timeoutMs: 60_000 })).text).not.toBe("");
        expect(await ownLimit()).toBeGreaterThan(0);
        await redis().process?.start();
        for (const name of ["ingest", "enclave-inference"] as const) {
          await eventually(() => expect(services.outputOf(name)).toContain("Redis is back"));
        }
      });

      it("drain at SIGTERM and exit 0", async () => {
        expect(await services.stop("SIGTERM")).toEqual(Object.fromEntries(serviceNames.map((name) => [name, 0])));
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
