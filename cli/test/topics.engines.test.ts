import { afterAll, expect, it, jest } from "@jest/globals";
import { bridgeAccess, pipelineAccess, tenantAccess, type TopicAccess } from "@cloister/contracts/topic-access";
import { tenantTopics, topics } from "@cloister/contracts/topics";
import { applyAccess, type KafkaConnection } from "@cloister/messaging/kafka/admin";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { Secret, systemClock } from "@cloister/service";
import { describeOnKafka, eventually, Reader, recordOf, silentLog } from "@cloister/testing";
import type { RunningKafka } from "@cloister/testing/engines";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./captured-terminal.ts";

jest.setTimeout(120_000);

/** What `topics apply --json` prints. */
interface TopicsPlan {
  readonly changes: readonly {
    readonly topic: string;
    readonly what: string;
    readonly from: string;
    readonly to: string;
  }[];
  readonly applied: boolean;
}

async function plan(...args: readonly string[]): Promise<TopicsPlan> {
  return JSON.parse((await command("topics", "apply", "--json", ...args)).stdout) as TopicsPlan;
}

// With an option of its own, so that it is an empty broker.
describeOnKafka("cloister topics on a new broker", { brokers: 1 }, (kafka) => {
  const at = () => ["--brokers", kafka().bootstrapServers.join(",")];

  it("shows the plan, and does nothing of it without a yes", async () => {
    const { exitCode, stdout, stderr } = await command("topics", "apply", ...at());
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cloister: CONFIRMATION_REQUIRED: ")]);
    expect(stdout).toMatch(/chat\.inbound\.v1 +│ topic +│ missing +│ 8 partitions, copies: 1/);
    expect((await plan(...at())).changes).toHaveLength(4);
  });

  it("makes the topics, and a tenant's when it is named, and finds nothing to do afterwards", async () => {
    const tenant = ["--tenant", "ab".repeat(16)];
    const made = await plan(...at(), ...tenant, "--yes");
    expect(made.applied).toBe(true);
    expect(made.changes.map(({ topic }) => topic)).toEqual([
      ...Object.values(topics),
      ...Object.values(tenantTopics("ab".repeat(16))),
    ]);
    const again = await command("topics", "apply", ...at(), ...tenant);
    expect([again.exitCode, again.stdout]).toEqual([0, "Nothing to change.\n"]);
  });

  it("has the brokers keep records by their own clock, for the period of class flow and no longer", async () => {
    // What the brokers say that a topic is like, beside what a shorter period asks for.
    const { changes } = await plan(...at(), "--flow-days", "1");
    const dayMs = 24 * 60 * 60 * 1_000;
    const inbound = changes.filter(({ topic }) => topic === topics.inbound);
    expect(inbound.map(({ what }) => what).sort()).toEqual(["retention.ms", "segment.ms"]);
    for (const [which, days] of [
      ["from", 7],
      ["to", 1],
    ] as const) {
      const ms = Object.fromEntries(inbound.map((row) => [row.what, Number(row[which])]));
      expect((ms["retention.ms"] ?? 0) + (ms["segment.ms"] ?? 0)).toBeLessThanOrEqual(days * dayMs);
      expect((ms["segment.ms"] ?? 0) * 8).toBeLessThanOrEqual((ms["retention.ms"] ?? 0) + 8);
    }
  });

  it("never takes a partition away", async () => {
    const { exitCode, stderr } = await command("topics", "apply", ...at(), "--partitions", "4", "--yes");
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: TOPIC_WOULD_SHRINK: .*8 partitions/)]);
  });

  it("adds partitions, or shortens the period, only when every group has read everything", async () => {
    const log = logAt({ brokers: kafka().bootstrapServers, clientId: "test" });
    await log.produce([recordOf(topics.pressure, "a", "waits")]);
    for (const change of [
      ["--partitions", "12"],
      ["--flow-days", "2"],
    ]) {
      const { exitCode, stderr } = await command("topics", "apply", ...at(), ...change, "--yes");
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(/^cloister: TOPIC_NOT_DRAINED: .*chat\.pressure\.v1.* ingest-pressure has 1 records/),
      ]);
    }
    const reader = await Reader.start(log, { group: "ingest-pressure", topics: [topics.pressure] });
    await eventually(() => expect(reader.texts()).toEqual(["waits"]));
    await log.close();
    const { exitCode } = await command("topics", "apply", ...at(), "--partitions", "12", "--flow-days", "2", "--yes");
    expect(exitCode).toBe(0);
    expect((await plan(...at(), "--partitions", "12", "--flow-days", "2")).changes).toEqual([]);
  });

  it("says that brokers without an authorizer let everybody in", async () => {
    const { exitCode, stderr } = await command("topics", "acl", ...at());
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cloister: LOG_UNGUARDED: ")]);
  });

  it("names brokers that don't answer as such", async () => {
    const { exitCode, stderr } = await command("topics", "apply", "--brokers", "127.0.0.1:1");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cloister: LOG_UNAVAILABLE: ")]);
  });
});

const [tenantA, tenantB] = ["a1".repeat(16), "b2".repeat(16)];
const accessOf: Readonly<Record<string, TopicAccess>> = {
  ...pipelineAccess,
  ingest: mergedWith(pipelineAccess.ingest, [tenantA, tenantB].map(bridgeAccess)),
  [`tenant.${tenantA}`]: tenantAccess(tenantA),
  [`tenant.${tenantB}`]: tenantAccess(tenantB),
};
const allTopics = [...Object.values(topics), ...[tenantA, tenantB].flatMap((id) => Object.values(tenantTopics(id)))];
const passwordOf = (user: string): string => `the password of ${user}`;
const secured = {
  tls: true,
  sasl: { users: ["admin", ...Object.keys(accessOf)].map((name) => ({ name, password: passwordOf(name) })) },
  authorizer: { superUsers: ["admin"] },
};

describeOnKafka("cloister topics acl", secured, (kafka) => {
  let folder: string | undefined;
  afterAll(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  const admin = async (): Promise<string[]> => {
    folder ??= await mkdtemp(join(tmpdir(), "cloister-acl-"));
    const password = join(folder, "admin.password");
    await writeFile(password, passwordOf("admin"), { mode: 0o600 });
    const { bootstrapServers, caFile = "" } = kafka();
    const as = ["--username", "admin", "--password-file", password];
    return ["--brokers", bootstrapServers.join(","), "--ca-file", caFile, ...as];
  };
  const logOf = async (user: string, password = passwordOf(user)): Promise<PlatformaticMessageLog> =>
    logAt(await connectionOf(kafka(), user, password));

  it("prints a plan of one rule for each thing that a user may do, and changes nothing without a yes", async () => {
    const tenants = ["--tenant", tenantA, tenantB];
    expect((await command("topics", "apply", ...(await admin()), ...tenants, "--yes")).exitCode).toBe(0);
    const { exitCode, stdout } = await command("topics", "acl", ...(await admin()));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("nothing was changed without --yes")]);
    expect(stdout).toMatch(/allow +│ redaction +│ read +│ topic chat\.inbound\.v1/);
    expect(stdout).toMatch(new RegExp(`allow +│ tenant\\.${tenantA} +│ read +│ group tenant\\.${tenantA}\\.\\*`));
    const log = await logOf("redaction");
    await expect(log.produce([recordOf(topics.redacted, "a", "a")])).rejects.toMatchObject({
      code: "LOG_UNAUTHORIZED",
    });
    await log.close();
    expect((await command("topics", "acl", ...(await admin()), "--yes")).exitCode).toBe(0);
    expect((await command("topics", "acl", ...(await admin()))).stdout).toBe("Nothing to change.\n");
  });

  it.each(Object.keys(accessOf))("lets %s write its own topics and no other", async (user) => {
    const log = await logOf(user);
    const written = await Promise.all(
      allTopics.map((topic) =>
        log.produce([recordOf(topic, "a", `by ${user}`)]).then(
          () => "written",
          (error: unknown) => Reflect.get(Object(error), "code") as unknown,
        ),
      ),
    );
    await log.close();
    const mayWrite = (topic: string): boolean => accessOf[user]?.writes.includes(topic) ?? false;
    expect(Object.fromEntries(allTopics.map((topic, n) => [topic, written[n]]))).toEqual(
      Object.fromEntries(allTopics.map((topic) => [topic, mayWrite(topic) ? "written" : "LOG_UNAUTHORIZED"])),
    );
  });

  it.each(Object.keys(accessOf))("lets %s read its own topics in its own groups", async (user) => {
    const log = await logOf(user);
    for (const { topic, group, isGroupPrefix } of accessOf[user]?.reads ?? []) {
      const own = isGroupPrefix === true ? `${group}desk` : group;
      const reader = await Reader.start(log, { group: own, topics: [topic] });
      await eventually(() => expect(reader.assigned.length).toBeGreaterThan(0));
      await reader.close();
    }
    await log.close();
  });

  it.each([
    ["a tenant, another's replies", `tenant.${tenantA}`, `tenant.${tenantA}.desk`, tenantTopics(tenantB).replies],
    ["a tenant, in another's group", `tenant.${tenantA}`, `tenant.${tenantB}.desk`, tenantTopics(tenantA).replies],
    ["a tenant, the pipeline", `tenant.${tenantA}`, `tenant.${tenantA}.desk`, topics.replies],
    ["embedding, what was not redacted", "embedding", "embedding", topics.inbound],
    ["embedding, as enclave-inference", "embedding", "enclave-inference", topics.redacted],
    ["ingest, what was redacted", "ingest", "ingest", topics.redacted],
  ])("does not let read: %s", async (_what, user, group, topic) => {
    const log = await logOf(user);
    await expect(Reader.start(log, { group, topics: [topic] })).rejects.toMatchObject({ code: "LOG_UNAUTHORIZED" });
    await log.close();
  });

  it("ends the reading of a topic that a user may only write", async () => {
    const log = await logOf("ingest");
    const reader = await Reader.start(log, { group: "ingest", topics: [topics.inbound] });
    await eventually(() => expect(reader.fatal).toMatchObject([{ code: "LOG_UNAUTHORIZED" }]));
    expect(reader.records).toEqual([]);
    await log.close();
  });

  it("lets nobody in with another's password", async () => {
    const log = await logOf(`tenant.${tenantB}`, passwordOf(`tenant.${tenantA}`));
    const record = recordOf(tenantTopics(tenantB).inbound, "a", "a");
    await expect(log.produce([record])).rejects.toMatchObject({ code: "LOG_UNAUTHORIZED" });
    await log.close();
  });

  it("takes away what a user may do beyond its own", async () => {
    const rule = { user: "embedding", host: "*", operation: "write", resource: "topic", isPrefix: false };
    const beyond = { ...rule, name: topics.inbound };
    await applyAccess(await connectionOf(kafka(), "admin", passwordOf("admin")), { add: [beyond], remove: [] });
    const { stdout } = await command("topics", "acl", ...(await admin()), "--json", "--yes");
    expect(JSON.parse(stdout)).toEqual({ add: [], remove: [beyond], applied: true });
    const log = await logOf("embedding");
    await expect(log.produce([recordOf(topics.inbound, "a", "a")])).rejects.toMatchObject({ code: "LOG_UNAUTHORIZED" });
    await log.close();
  });
});

function logAt(connection: KafkaConnection): PlatformaticMessageLog {
  return new PlatformaticMessageLog({ connection, clock: systemClock, log: silentLog });
}

async function connectionOf(kafka: RunningKafka, username: string, password: string): Promise<KafkaConnection> {
  return {
    brokers: kafka.bootstrapServers,
    clientId: username,
    tls: { authorities: await readFile(kafka.caFile ?? "", "utf8") },
    scram: { username, password: new Secret(password) },
  };
}

function mergedWith(first: TopicAccess, more: readonly TopicAccess[]): TopicAccess {
  const all = [first, ...more];
  return { writes: all.flatMap(({ writes }) => writes), reads: all.flatMap(({ reads }) => reads) };
}
