import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { purposes } from "@cloister/policy";
import { schemaOf, type Database } from "@cloister/storage";
import { capturedLog, FakeClock, testDatabase } from "@cloister/testing";
import { SqlJobs } from "../src/adapters/sql-jobs.ts";
import { RetentionError } from "../src/errors.ts";
import type { DueKey } from "../src/purge/job.ts";
import { lifecycleByTenant } from "../src/purge/lifecycle-by-tenant.ts";
import { noPurgeFailpoints, type ExpiringStores, type KeyLifecycle } from "../src/purge/ports.ts";
import { RetentionPipeline } from "../src/retention.pipeline.ts";
import { retentionSchema, type RetentionTables } from "../src/tables.ts";

const [own, other] = ["0a".repeat(16), "0b".repeat(16)] as const;
const stores: ExpiringStores = { list: () => Promise.resolve([]), dropDue: () => Promise.resolve([]) };

/** A `keys` with keys that are due, which answers or is away. */
class Keys implements KeyLifecycle {
  held: DueKey[] = [];
  isAway = false;
  readonly receipted: string[] = [];
  /** The tenant alone for whom it doesn't sign, as when that tenant's KMS is away. */
  unsigned: string | undefined;

  due(): Promise<DueKey[]> {
    return this.#answer(() => this.held);
  }

  destroy(keys: readonly DueKey[]) {
    return this.#answer(() => {
      this.held = this.held.filter((one) => !keys.includes(one));
      const tenants = [...new Set(keys.map(({ tenantIdHex }) => tenantIdHex))];
      return tenants.map((tenantIdHex) => ({ tenantIdHex, tombstoneIdsHex: ["ef".repeat(16)] }));
    });
  }

  erase({ tenantIdHex }: { readonly tenantIdHex: string }) {
    return this.#answer(() => ({ tenantIdHex, tombstoneIdsHex: ["ef".repeat(16)] }));
  }

  issueReceipt({ tenantIdHex }: { readonly tenantIdHex: string }) {
    return this.#answer(() => {
      if (tenantIdHex === this.unsigned) throw new RetentionError("KEYS_UNAVAILABLE", "as the test says");
      this.receipted.push(tenantIdHex);
      return { idHex: "ab".repeat(16), note: new TextEncoder().encode(`of ${tenantIdHex}`) };
    });
  }

  async #answer<T>(answer: () => T): Promise<T> {
    if (this.isAway) throw new RetentionError("KEYS_UNAVAILABLE", "as the test says");
    return Promise.resolve(answer());
  }
}

describe("a purge while one tenant's keys are away", () => {
  const [clock, log] = [new FakeClock(), capturedLog("retention")];
  let db: Database;
  let shared: Keys;
  let ofTenant: Keys;
  let pipeline: RetentionPipeline;
  const due = (tenantIdHex: string): DueKey => ({ tenantIdHex, purpose: purposes[0], bucketEndMs: clock.nowMs() - 1 });
  const tenantsOf = (purges: Awaited<ReturnType<RetentionPipeline["run"]>>) =>
    purges.flatMap(({ tombstones }) => tombstones.map(({ tenantIdHex }) => tenantIdHex));

  beforeAll(async () => {
    db = await testDatabase();
  }, 60_000);
  afterAll(() => db.close());
  beforeEach(() => {
    [shared, ofTenant] = [new Keys(), new Keys()];
    pipeline = new RetentionPipeline({
      keys: lifecycleByTenant(shared, new Map([[own, ofTenant]]), log.log),
      stores,
      jobs: new SqlJobs(schemaOf<RetentionTables>(db, retentionSchema)),
      clock,
      failpoints: noPurgeFailpoints,
    });
  });

  it("ends what is due of each where it is", async () => {
    [shared.held, ofTenant.held] = [[due(other)], [due(own)]];
    expect(tenantsOf(await pipeline.run())).toEqual([other, own]);
    expect([shared.receipted, ofTenant.receipted]).toEqual([[other], [own]]);
  });

  it("goes on for the others, and ends that tenant's once its own are back", async () => {
    [shared.held, ofTenant.held] = [[due(other)], [due(own)]];
    ofTenant.isAway = true;
    expect(tenantsOf(await pipeline.run())).toEqual([other]);
    expect(log.lines.join("\n")).toContain(own);
    ofTenant.isAway = false;
    expect(tenantsOf(await pipeline.run())).toEqual([own]);
  });

  it("leaves the receipt of a tenant whose keys can't sign for later, and no other's", async () => {
    shared.held = [due(other), due("0c".repeat(16))];
    shared.unsigned = other;
    expect(tenantsOf(await pipeline.run())).toEqual(["0c".repeat(16)]);
    shared.held = [due("0d".repeat(16))];
    await expect(pipeline.run()).rejects.toMatchObject({ code: "KEYS_UNAVAILABLE" });
    expect(shared.receipted).toEqual(["0c".repeat(16), "0d".repeat(16)]);
    shared.unsigned = undefined;
    expect(tenantsOf(await pipeline.run())).toEqual([other]);
  });

  it("takes no word on others from a tenant's own", async () => {
    ofTenant.held = [due(other)];
    expect(await pipeline.run()).toEqual([]);
  });
});
