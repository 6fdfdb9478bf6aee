import { randomUUID } from "node:crypto";
import { purposes } from "@cloister/policy";
import { acrossTenants, inTransaction, noTenant, ofTenants, onDatabase } from "@cloister/storage";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { PURGE_STATES, type PurgeJob } from "../purge/job.ts";
import type { PurgeJobs, SignedReceipt } from "../purge/ports.ts";
import type { RetentionTables } from "../tables.ts";

const tombstones = z.array(z.object({ tenantIdHex: z.string(), tombstoneIdsHex: z.array(z.string()) }));
const details = z.object({
  keys: z.array(z.object({ tenantIdHex: z.string(), purpose: z.enum(purposes), bucketEndMs: z.number() })),
  tombstones,
  dropped: z.array(z.object({ table: z.string(), partitions: z.number(), rows: z.number() })),
});
const state = z.enum(PURGE_STATES);

type JobRow = RetentionTables["job"];

export class SqlJobs implements PurgeJobs {
  readonly #db: Kysely<RetentionTables>;
  readonly #holder = randomUUID();

  constructor(db: Kysely<RetentionTables>) {
    this.#db = db;
  }

  async unfinished(): Promise<PurgeJob | undefined> {
    const row = await onDatabase(noTenant, () =>
      this.#db
        .selectFrom("job")
        .selectAll()
        .where("state", "<>", "receipted")
        .orderBy("started_at_ms")
        .limit(1)
        .executeTakeFirst(),
    );
    return row && jobOf(row);
  }

  async save(job: PurgeJob): Promise<void> {
    await onDatabase(noTenant, () => upsert(this.#db, job));
  }

  async finish(job: PurgeJob, receipts: readonly SignedReceipt[]): Promise<void> {
    const tenants = receipts.map(({ tenantIdHex }) => Buffer.from(tenantIdHex, "hex"));
    await inTransaction(this.#db, ofTenants(tenants), async (tx) => {
      await upsert(tx, job);
      const rows = receipts.map(({ jobId, tenantIdHex, issuedAtMs, note }, part) => ({
        job_id: jobId,
        part,
        tenant_id: Buffer.from(tenantIdHex, "hex"),
        issued_at_ms: issuedAtMs,
        note,
      }));
      if (rows.length > 0)
        await tx
          .insertInto("receipt")
          .values(rows)
          .onConflict((on) => on.doNothing())
          .execute();
    });
  }

  async latest(count: number): Promise<PurgeJob[]> {
    const rows = await onDatabase(noTenant, () =>
      this.#db.selectFrom("job").selectAll().orderBy("started_at_ms", "desc").limit(count).execute(),
    );
    return rows.map(jobOf);
  }

  async receipts(count: number): Promise<SignedReceipt[]> {
    const rows = await onDatabase(acrossTenants("receipts"), () =>
      this.#db.selectFrom("receipt").selectAll().orderBy("issued_at_ms", "desc").orderBy("part").limit(count).execute(),
    );
    return rows.map((row) => ({
      jobId: row.job_id,
      tenantIdHex: Buffer.from(row.tenant_id).toString("hex"),
      issuedAtMs: row.issued_at_ms,
      note: row.note,
    }));
  }

  async acquireLease(nowMs: number, untilMs: number): Promise<boolean> {
    const taken = await onDatabase(noTenant, () =>
      this.#db
        .insertInto("lease")
        .values({ name: "purge", holder: this.#holder, until_ms: untilMs })
        .onConflict((on) =>
          on
            .column("name")
            .doUpdateSet({ holder: this.#holder, until_ms: untilMs })
            .where((eb) => eb.or([eb("lease.holder", "=", this.#holder), eb("lease.until_ms", "<=", nowMs)])),
        )
        .returning("holder")
        .executeTakeFirst(),
    );
    return taken !== undefined;
  }

  async releaseLease(): Promise<void> {
    await onDatabase(noTenant, () => this.#db.deleteFrom("lease").where("holder", "=", this.#holder).execute());
  }
}

async function upsert(db: Kysely<RetentionTables> | Transaction<RetentionTables>, job: PurgeJob): Promise<void> {
  const { keys, tombstones, dropped } = job;
  const row: JobRow = {
    id: job.id,
    state: job.state,
    due_at_ms: job.dueAtMs,
    started_at_ms: job.startedAtMs,
    updated_at_ms: job.updatedAtMs,
    details: JSON.stringify({ keys, tombstones, dropped }),
  };
  const { state, updated_at_ms, details } = row;
  await db
    .insertInto("job")
    .values(row)
    .onConflict((on) => on.column("id").doUpdateSet({ state, updated_at_ms, details }))
    .execute();
}

function jobOf(row: JobRow): PurgeJob {
  return {
    id: row.id,
    state: state.parse(row.state),
    dueAtMs: row.due_at_ms,
    startedAtMs: row.started_at_ms,
    updatedAtMs: row.updated_at_ms,
    ...details.parse(JSON.parse(row.details)),
  };
}
