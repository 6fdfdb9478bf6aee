import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { verifyReceipt } from "@cloister/audit";
import { idToHex } from "@cloister/envelope";
import { DAY_MS } from "@cloister/policy";
import { PURGE_STATES, type PurgeFailpoints, type PurgeJob, type RunningRetention } from "@cloister/service-retention";
import { ensurePartitions } from "@cloister/storage";
import { at, ask, killedAt, RetentionWorld, run, statusOf } from "./retention-world.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("retention, with the real keys service", () => {
  let retention: RetentionWorld;
  const instances: RunningRetention[] = [];
  async function start(failpoints?: PurgeFailpoints): Promise<RunningRetention> {
    const instance = await retention.startInstance(failpoints);
    instances.push(instance);
    return instance;
  }
  async function stop(instance: RunningRetention): Promise<void> {
    instances.splice(instances.indexOf(instance), 1);
    await instance.close();
  }

  beforeAll(async () => {
    retention = await RetentionWorld.start();
  });
  afterEach(async () => {
    for (const instance of instances.splice(0)) await instance.close();
  });
  afterAll(() => retention.close());

  async function expectReceipted(instance: RunningRetention, jobId: string | undefined): Promise<PurgeJob> {
    const { purges, receipts, keysDue, stores } = await statusOf(instance);
    const job = purges.find(({ id }) => id === jobId);
    if (job === undefined) throw new Error("the job is gone");
    expect(job.state).toBe("receipted");
    const ofJob = receipts.filter((receipt) => receipt.jobId === jobId);
    expect(ofJob.map(({ tenantIdHex }) => tenantIdHex)).toEqual(job.tombstones.map(({ tenantIdHex }) => tenantIdHex));
    expect([keysDue, stores.filter(({ due }) => due > 0)]).toEqual([0, []]);
    return job;
  }

  describe("a purge", () => {
    it("ends what is due, keys first, and leaves what is not", async () => {
      const conversation = await retention.withFlowDue();
      const rows = await retention.dueRows("log", "record");
      const instance = await start();
      const { status, body } = await run(instance);
      expect([status, body.purges?.length]).toEqual([200, 1]);
      const job = await expectReceipted(instance, body.purges?.[0]?.id);
      expect(new Set(job.keys.map(({ purpose }) => purpose))).toEqual(new Set(["inbound", "flow"]));
      expect(job.dropped).toContainEqual({ table: "log.record", partitions: 1, rows });
      expect(await retention.mapRowsOf(conversation)).toBe(1);
    });

    it("is receipted by a note that verifies from the tenant's id on", async () => {
      const { tenant } = await retention.withFlowDue();
      const instance = await start();
      await run(instance);
      const [newest] = (await statusOf(instance)).receipts;
      const chain = await retention.redaction.world.chain(tenant);
      const receipt = verifyReceipt(Buffer.from(newest?.note ?? ""), chain);
      expect(receipt.attested.tombstones.map(({ reason }) => reason)).toEqual(["expired", "expired"]);
      expect(receipt.operatorAsserted.map(({ dropped }) => dropped)).toContain("1 partitions of log.record");
    });

    it("has nothing to do a second time", async () => {
      await retention.withFlowDue();
      const instance = await start();
      await run(instance);
      expect(await run(instance)).toEqual({ status: 200, body: { purges: [] } });
    });

    it("ends a conversation's secret with its last bucket, even if none of its keys is due then", async () => {
      const { world } = retention.redaction;
      const instance = await start();
      world.clock.advance(9 * DAY_MS);
      await run(instance);
      await world.open(await world.newTenant());
      world.clock.advance(DAY_MS);
      await run(instance);
      expect(await retention.secrets()).toBe(1);
      world.clock.advance(8 * DAY_MS);
      expect((await run(instance)).body.purges).toEqual([]);
      expect(await retention.secrets()).toBe(0);
    });
  });

  describe("a purge that was cut off", () => {
    it.each(PURGE_STATES)("comes to the same end when it was killed at %s", async (state) => {
      const { tenant } = await retention.withFlowDue();
      const rows = await retention.dueRows("log", "record");
      const killed = await start(killedAt(state));
      expect((await run(killed)).status).toBe(500);
      await stop(killed);
      const next = await start();
      const jobId = (await statusOf(next)).purges[0]?.id;
      expect((await run(next)).status).toBe(200);
      const job = await expectReceipted(next, jobId);
      const ofTenant = job.keys.filter(({ tenantIdHex }) => tenantIdHex === idToHex(tenant.tenantId));
      expect(ofTenant.map(({ purpose }) => purpose).sort()).toEqual(["flow", "inbound"]);
      expect(job.dropped).toContainEqual({ table: "log.record", partitions: 1, rows });
    });

    it("waits for keys, and goes on with the same job", async () => {
      await retention.withFlowDue();
      const instance = await start(at("planned", () => retention.redaction.world.stopKeys()));
      expect(await run(instance)).toMatchObject({ status: 503, body: { code: "UNAVAILABLE" } });
      expect((await ask(instance, "GET", "status", `Bearer ${instance.accessToken.reveal()}`)).status).toBe(503);
      await retention.redaction.world.startKeys();
      const [planned] = (await statusOf(instance)).purges;
      expect(planned?.state).toBe("planned");
      expect((await run(instance)).body.purges?.map(({ id }) => id)).toEqual([planned?.id]);
      await expectReceipted(instance, planned?.id);
    });

    it("is incomplete when something comes into an ended bucket meanwhile, and ends that, too", async () => {
      await retention.withFlowDue();
      const { world } = retention.redaction;
      const late = world.clock.nowMs() - 1;
      const mapTable = { schema: "redaction", table: "map_entry" };
      const instance = await start(at("stores-dropped", () => ensurePartitions(world.db.kysely, mapTable, [late])));
      const due = (await statusOf(instance)).stores.find(({ table }) => table === "redaction.map_entry")?.due ?? 0;
      expect(await run(instance)).toMatchObject({ status: 409, body: { code: "PURGE_INCOMPLETE" } });
      const [unfinished] = (await statusOf(instance)).purges;
      expect(unfinished?.state).toBe("planned");
      expect((await run(instance)).status).toBe(200);
      const job = await expectReceipted(instance, unfinished?.id);
      const ofMaps = job.dropped.find(({ table }) => table === "redaction.map_entry");
      expect(ofMaps?.partitions).toBe(due + 1);
    });
  });

  describe("two instances", () => {
    /** An instance that stands still at a state until it is let go. */
    async function stuckAt(state: PurgeJob["state"]) {
      const letGo = Promise.withResolvers<undefined>();
      const reached = Promise.withResolvers<undefined>();
      const instance = await start(
        at(state, async () => {
          reached.resolve(undefined);
          await letGo.promise;
        }),
      );
      const running = run(instance);
      await reached.promise;
      return { instance, running, letGo: () => letGo.resolve(undefined) };
    }

    it("don't purge at once", async () => {
      await retention.withFlowDue();
      const first = await stuckAt("planned");
      expect(await run(await start())).toMatchObject({ status: 409, body: { code: "PURGE_RUNNING" } });
      first.letGo();
      expect((await first.running).status).toBe(200);
    });

    it("take over from each other when one died with the lease, and the dead one does no harm when it wakes", async () => {
      await retention.withFlowDue();
      const first = await stuckAt("keys-destroyed");
      const second = await start();
      expect((await run(second)).body.code).toBe("PURGE_RUNNING");
      retention.redaction.world.clock.advance(120_001);
      const { purges } = (await run(second)).body;
      first.letGo();
      await first.running;
      await run(second);
      await expectReceipted(second, purges?.[0]?.id);
    });
  });

  describe("its doors", () => {
    it.each([
      ["no token", undefined],
      ["another token", `Bearer ${"A".repeat(43)}`],
      ["another scheme", "Basic YWRtaW46YWRtaW4="],
    ])("stay shut to %s", async (_, authorization) => {
      const instance = await start();
      for (const [method, door] of [["GET", "status"] as const, ["POST", "run"] as const]) {
        const answer = await ask(instance, method, door, authorization);
        expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
      }
    });

    it("don't open by the token of an earlier start", async () => {
      const [earlier, now] = [await start(), await start()];
      expect((await ask(now, "GET", "status", `Bearer ${earlier.accessToken.reveal()}`)).status).toBe(401);
    });

    it("tell what is there, what is due and what was done", async () => {
      await retention.withFlowDue();
      const instance = await start();
      const status = await statusOf(instance);
      expect(status.nowMs).toBe(retention.redaction.world.clock.nowMs());
      const records = status.stores.find(({ table }) => table === "log.record");
      expect(records).toEqual({ table: "log.record", buckets: 1, due: 1, nextEndMs: null, lastEndMs: null });
      await run(instance);
      const [purge] = (await statusOf(instance)).purges;
      expect([purge?.state, purge?.keys.length]).toEqual(["receipted", status.keysDue]);
    });
  });

  it("wrote neither a token nor anything typed into its log", () => {
    expect(retention.log.lines.length).toBeGreaterThan(0);
    expect(retention.log.lines.join("\n")).not.toMatch(/Bearer|example\.org/u);
  });
});
