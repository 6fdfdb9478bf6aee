import { afterEach, expect, it } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Kafka, logLevel, type Admin } from "kafkajs";
import type { MessageLog } from "@cloister/messaging";
import type { KafkaConnection } from "@cloister/messaging/kafka";
import { Secret } from "@cloister/service";
import { describeOnKafka, eventually, Reader, recordOf } from "@cloister/testing";
import type { RunningKafka } from "@cloister/testing/engines";

const admin = { name: "admin", password: "of the administrator" };
const service = { name: "service", password: "of the service" };
const RESOURCE = { TOPIC: 2, GROUP: 3, CLUSTER: 4 } as const;
const OPERATION = { ALL: 2, DESCRIBE: 8 } as const;

/** What an adapter does with brokers that ask for TLS and a password, and that know who may do what. */
export function securedKafka(name: string, openLog: (connection: KafkaConnection) => MessageLog): void {
  const options = {
    tls: true,
    sasl: { users: [admin, service] },
    authorizer: { superUsers: [admin.name] },
  };
  describeOnKafka(name, options, (kafka) => {
    const opened: MessageLog[] = [];

    const open = async (more: Partial<KafkaConnection> = {}): Promise<MessageLog> => {
      const log = openLog({ ...(await connectionOf(kafka(), service)), ...more });
      opened.push(log);
      return log;
    };

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((log) => log.close()));
    }, 60_000);

    it("carries records with the right password, certificate and rules", async () => {
      const byAdmin = await open(await connectionOf(kafka(), admin));
      await byAdmin.ensureTopics([{ name: "secured.v1", partitions: 2 }]);
      await allow(kafka(), [
        { type: RESOURCE.TOPIC, name: "secured.v1" },
        { type: RESOURCE.GROUP, name: "secured" },
      ]);
      const log = await open();
      const reader = await Reader.start(log, { group: "secured", topics: ["secured.v1"] });
      await log.produce([recordOf("secured.v1", "a", "a text")]);
      await eventually(() => expect(reader.texts()).toEqual(["a text"]));
    }, 60_000);

    it("leaves out what its user may not see, and says what to run for what it may not create", async () => {
      const byAdmin = await open(await connectionOf(kafka(), admin));
      await byAdmin.ensureTopics([{ name: "hidden.v1", partitions: 2 }]);
      await allow(kafka(), [{ type: RESOURCE.TOPIC, name: "missing.v1", operation: OPERATION.DESCRIBE }]);
      const log = await open();
      await expect(log.ensureTopics([{ name: "hidden.v1", partitions: 2 }])).resolves.toBeUndefined();
      await expect(log.ensureTopics([{ name: "missing.v1", partitions: 2 }])).rejects.toMatchObject({
        code: "UNKNOWN_TOPIC",
        message: expect.stringContaining("cloister topics apply"),
      });
    }, 60_000);

    it("refuses a topic or a group that its user has no right to", async () => {
      const byAdmin = await open(await connectionOf(kafka(), admin));
      await byAdmin.ensureTopics([{ name: "others.v1", partitions: 2 }]);
      await allow(kafka(), [{ type: RESOURCE.TOPIC, name: "own.v1" }]);
      await byAdmin.ensureTopics([{ name: "own.v1", partitions: 2 }]);
      const log = await open();
      const refusal = { code: "LOG_UNAUTHORIZED" };
      await expect(log.produce([recordOf("others.v1", "a", "a")])).rejects.toMatchObject(refusal);
      await expect(Reader.start(log, { group: "secured", topics: ["others.v1"] })).rejects.toMatchObject(refusal);
      await expect(Reader.start(log, { group: "others", topics: ["own.v1"] })).rejects.toMatchObject(refusal);
    }, 60_000);

    it("ends a consumption whose right was withdrawn, and says so", async () => {
      const byAdmin = await open(await connectionOf(kafka(), admin));
      await byAdmin.ensureTopics([{ name: "withdrawn.v1", partitions: 2 }]);
      const rules = [
        { type: RESOURCE.TOPIC, name: "withdrawn.v1" },
        { type: RESOURCE.GROUP, name: "withdrawn" },
      ];
      await allow(kafka(), rules);
      const reader = await Reader.start(await open(), { group: "withdrawn", topics: ["withdrawn.v1"] });
      await withdraw(kafka(), "withdrawn");
      await eventually(() => expect(reader.fatal).toMatchObject([{ code: "LOG_UNAUTHORIZED" }]), {
        timeoutMs: 45_000,
      });
      expect(reader.consumption.isJoined()).toBe(false);
    }, 60_000);

    it("is refused with a wrong password, and with an unknown user", async () => {
      for (const user of [
        { ...service, password: "another" },
        { name: "nobody", password: "x" },
      ]) {
        const log = await open(await connectionOf(kafka(), user));
        const produced = log.produce([recordOf("secured.v1", "a", "a")]);
        await expect(produced).rejects.toMatchObject({ code: "LOG_UNAUTHORIZED" });
        await expect(produced).rejects.not.toThrow(user.password === "x" ? "nobody" : user.password);
      }
    }, 60_000);

    it("does not trust brokers whose certificate another authority signed", async () => {
      const authorities = await someAuthority();
      const log = await open({ tls: { authorities } });
      await expect(log.ensureTopics([{ name: "secured.v1", partitions: 2 }])).rejects.toMatchObject({
        code: "LOG_UNTRUSTED",
      });
      const byNodesAuthorities = await open({ tls: {} });
      await expect(byNodesAuthorities.produce([recordOf("secured.v1", "a", "a")])).rejects.toMatchObject({
        code: "LOG_UNTRUSTED",
      });
    }, 60_000);
  });
}

async function connectionOf(
  kafka: RunningKafka,
  { name: username, password }: { name: string; password: string },
): Promise<KafkaConnection> {
  const authorities = await readFile(kafka.caFile ?? "", "utf8");
  return {
    brokers: kafka.bootstrapServers,
    clientId: "secured",
    sessionTimeoutMs: 6_000,
    requestTimeoutMs: 3_000,
    tls: { authorities },
    scram: { username, password: new Secret(password) },
  };
}

interface Rule {
  readonly type: number;
  readonly name: string;
  readonly operation?: number;
}

const ofService = { principal: `User:${service.name}`, host: "*", permissionType: 3, resourcePatternType: 3 } as const;

async function allow(kafka: RunningKafka, rules: readonly Rule[]): Promise<void> {
  await asAdmin(kafka, (client) =>
    client.createAcls({
      acl: rules.map(({ type, name, operation = OPERATION.ALL }) => ({
        ...ofService,
        resourceType: type,
        resourceName: name,
        operation,
      })),
    }),
  );
}

async function withdraw(kafka: RunningKafka, group: string): Promise<void> {
  await asAdmin(kafka, (client) =>
    client.deleteAcls({
      filters: [{ ...ofService, resourceType: RESOURCE.GROUP, resourceName: group, operation: OPERATION.ALL }],
    }),
  );
}

async function asAdmin(kafka: RunningKafka, work: (client: Admin) => Promise<unknown>): Promise<void> {
  const ca = await readFile(kafka.caFile ?? "", "utf8");
  const client = new Kafka({
    brokers: [...kafka.bootstrapServers],
    logLevel: logLevel.NOTHING,
    ssl: { ca: [ca] },
    sasl: { mechanism: "scram-sha-512", username: admin.name, password: admin.password },
  }).admin();
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.disconnect();
  }
}

/** PEM of an authority that signed nothing here. */
async function someAuthority(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cloister-authority-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "ca.pem")];
    const request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
    const subject = ["-subj", "/CN=another authority", "-keyout", key, "-out", certificate];
    await promisify(execFile)("openssl", ["req", "-x509", ...request, ...subject]);
    return await readFile(certificate, "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
