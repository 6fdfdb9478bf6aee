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
import { describeOnPostgres } from "@cloister/testing";
import { sql } from "kysely";
import { serviceNames, ServiceProcesses } from "./service-processes.ts";
import { TestTenant } from "./tenant.ts";

// Six processes start on a machine that may be busy.
jest.setTimeout(180_000);

// The inner suite ends before the server that the outer one started.
describeOnPostgres("on one PostgreSQL", (url) => {
  describe("the six services as processes", () => {
    let folder: string;
    let services: ServiceProcesses;
    const keysDatabase = `cloister_keys_${randomBytes(6).toString("hex")}`;
    const onServer = async (statement: string): Promise<void> => {
      const db = await openDatabase({ engine: "postgres", url: url() });
      try {
        await sql.raw(statement).execute(db.kysely);
      } finally {
        await db.close();
      }
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "cloister-processes-"));
      services = new ServiceProcesses(folder);
      await onServer(`create database ${keysDatabase}`);
      const keysUrl = new URL(url());
      keysUrl.pathname = `/${keysDatabase}`;
      await services.start(url(), keysUrl.href);
    });
    afterAll(async () => {
      await services.stop("SIGKILL");
      await onServer(`drop database ${keysDatabase} with (force)`);
      await rm(folder, { recursive: true, force: true });
    });

    it("answer a sealed message with the name put back", async () => {
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
      const conversation = await client.openConversation({ admission: (keys) => tenant.admission(keys, nowMs) });
      const { text } = await conversation.ask("Hello, I am Marisol Quintanilla.", { timeoutMs: 60_000 });
      expect(text).toContain("Marisol Quintanilla");
      for (const name of serviceNames) expect(services.outputOf(name)).not.toContain("Quintanilla");
    });

    it("drain at SIGTERM and exit 0", async () => {
      expect(await services.stop("SIGTERM")).toEqual(Object.fromEntries(serviceNames.map((name) => [name, 0])));
    });
  });
});
