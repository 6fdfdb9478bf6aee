import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { fromBinary } from "@bufbuild/protobuf";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { signerFromSeed } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { openDatabase } from "@cloister/storage";
import { describeOnKafka, describeOnPostgres, eventually } from "@cloister/testing";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { sql } from "kysely";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { prepareDatabases } from "./service-databases.ts";
import { serviceNames, ServiceProcesses } from "./service-processes.ts";
import { TestTenant } from "./tenant.ts";

// Six processes and two engines start on a machine that may be busy.
jest.setTimeout(240_000);

describeOnKafka("on Kafka", {}, (kafka) => {
  describeOnPostgres("with PostgreSQL for what is kept", (url) => {
    describe.each(["kafkajs", "platformatic"])("a tenant with topics of its own, before services by %s", (client) => {
      const keysDatabase = `cloister_keys_${randomBytes(6).toString("hex")}`;
      const admissionSeed = randomBytes(32);
      let folder: string;
      let services: ServiceProcesses;
      let tenantIdHex: string;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "cloister-topics-"));
        services = new ServiceProcesses(folder);
        const tenant = new TestTenant(await services.instances());
        tenantIdHex = idToHex(tenant.tenantId);
        await onServer(url(), `create database ${keysDatabase}`);
        const keysUrl = new URL(url());
        keysUrl.pathname = `/${keysDatabase}`;
        const databases = await prepareDatabases(url(), keysUrl.href);
        await services.startWith((name) => ({
          ...databases(name),
          CLOISTER_LOG: "kafka",
          CLOISTER_KAFKA_BROKERS: kafka().bootstrapServers.join(","),
          CLOISTER_KAFKA_CLIENT: client,
          CLOISTER_INGEST_TENANT_TOPICS: tenantIdHex,
        }));
        const sdk = createClient({
          baseUrl: services.ingestUrl,
          accessToken: await services.accessToken,
          tenantId: tenant.tenantId,
          evidenceVerifiers: [simulatedVerifier],
          allowDevelopment: true,
          backend: nodeBackend,
        });
        const { publicKey } = signerFromSeed(admissionSeed);
        const choices = { admissionIssuers: [{ name: "app-backend", publicKey }] };
        await sdk.applyPolicy(tenant.signed(tenant.policy(systemClock.nowMs(), choices)));
      });
      afterAll(async () => {
        await services.stop("SIGKILL");
        await onServer(url(), `drop database ${keysDatabase} with (force)`);
        await rm(folder, { recursive: true, force: true });
      });

      /** The folders that the examples read, and what the program printed for these lines. */
      async function runExample(lines: readonly object[]): Promise<unknown[]> {
        const [data, tenant] = [join(folder, "data"), join(folder, "tenant")];
        await Promise.all([data, tenant].map((one) => mkdir(one, { recursive: true })));
        const running = { url: services.ingestUrl, accessToken: await services.accessToken };
        await writeFile(join(data, "running.json"), JSON.stringify(running));
        await writeFile(join(tenant, "tenant.json"), JSON.stringify({ tenantId: tenantIdHex }));
        await writeFile(join(tenant, "admission.key"), admissionSeed.toString("hex"));
        const program = join(repositoryRoot, "examples/kafka-backend.ts");
        const brokers = kafka().bootstrapServers.join(",");
        const child = spawn(process.execPath, [program, "--data", data, "--tenant", tenant, "--brokers", brokers], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        const exit = once(child, "exit");
        child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
        const printed = await text(child.stdout);
        expect(await exit).toEqual([0, null]);
        return printed
          .trim()
          .split("\n")
          .map((line): unknown => JSON.parse(line));
      }

      it("is answered on its topic, each message once, with the names put back", async () => {
        const answers = await runExample([
          { customer: "A", text: "Hello, I am Marisol Quintanilla." },
          { customer: "B", text: "Hello, I am Tobias Wanderfeld." },
          { customer: "A", text: "Are you there? It is Marisol Quintanilla again." },
        ]);
        expect(answers).toHaveLength(3);
        const told = (customer: string) => JSON.stringify(answers.filter((one) => isOf(one, customer)));
        expect(told("A")).toContain("Marisol Quintanilla");
        expect(told("B")).toContain("Tobias Wanderfeld");
        for (const name of serviceNames) expect(services.outputOf(name)).not.toMatch(/Quintanilla|Wanderfeld/);
      });

      it("is told a code for what can't be accepted, and goes on", async () => {
        const plain = new Kafka({ brokers: [...kafka().bootstrapServers], logLevel: logLevel.NOTHING });
        const producer = plain.producer({ createPartitioner: Partitioners.DefaultPartitioner });
        const consumer = plain.consumer({ groupId: `tenant.${tenantIdHex}.test` });
        const codes: string[] = [];
        await consumer.connect();
        await consumer.subscribe({ topics: [`tenant.${tenantIdHex}.replies.v1`], fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ message }) => {
            const { event } = fromBinary(ReplyEventSchema, message.value ?? new Uint8Array());
            if (event.case === "failed") codes.push(event.value.code);
          },
        });
        await producer.connect();
        const messages = [{ key: null, value: null }, { value: "no envelope" }, { key: "short", value: "" }];
        await producer.send({ topic: `tenant.${tenantIdHex}.inbound.v1`, messages });
        await eventually(() => expect(codes).toEqual(["MALFORMED", "MALFORMED", "MALFORMED"]), { timeoutMs: 60_000 });
        await Promise.all([producer.disconnect(), consumer.disconnect()]);
        expect(await runExample([{ customer: "C", text: "Hello, I am Marisol Quintanilla." }])).toHaveLength(1);
      });
    });
  });
});

const isOf = (answer: unknown, customer: string): boolean =>
  typeof answer === "object" && answer !== null && "customer" in answer && answer.customer === customer;

async function onServer(url: string, statement: string): Promise<void> {
  const db = await openDatabase({ engine: "postgres", url });
  try {
    await sql.raw(statement).execute(db.kysely);
  } finally {
    await db.close();
  }
}
