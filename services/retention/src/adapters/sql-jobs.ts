import { randomUUID } from "node:crypto";
import { purposes } from "@cloister/policy";
import { acrossTenants, inTransaction, noTenant, ofTenants, onDatabase } from "@cloister/storage";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { PURGE_STATES, type PurgeJob } from "../purge/job.ts";
import type { PartialReceipt, PurgeJobs, SignedReceipt } from "../purge/ports.ts";
import type { RetentionTables } from "../tables.ts";

const tombstones = z.array(z.object({ tenantIdHex: z.string(), tombstoneIdsHex: z.array(z.string()) }));
const details = z.object({
  keys: z.array(z.object({ tenantIdHex: z.string(), purpose: z.enum(purposes), bucketEndMs: z.number() })),
  tombstones,
  dropped: z.array(z.object({ table: z.string(), partitions: z.number(), rows: z.number() })),
});
const state = z.enum(PURGE_STATES);

/** More can wait for tenants whose keys are away; they come later. */
const MAX_UNFINISHED = 100;

type JobRow = RetentionTables["job"];

export class SqlJobs implements PurgeJobs {
  readonly #db: Kysely<RetentionTables>;
  readonly #holder = randomUUID();

  constructor(db: Kysely<RetentionTables>) {
    this.#db = db;
  }

  async unfinished(): Promise<PurgeJob[]> {
    const rows = await onDatabase(noTenant, () =>
      this.#db
        .selectFrom("job")
        .selectAll()
        .where("state", "<>", "receipted")
        .orderBy("started_at_ms")
        .limit(MAX_UNFINISHED)
        .execute(),
    );
    return rows.map(jobOf);
  }

  async save(job: PurgeJob): Promise<void> {
    await onDatabase(noTenant, () => upsert(this.#db, job));
  }

  async finish(job: PurgeJob, receipts: readonly SignedReceipt[]): Promise<void> {
    const tenants = receipts.map(({ tenantIdHex }) => Buffer.from(tenantIdHex, "hex"));
    await inTransaction(this.#db, ofTenants(tenants), async (tx) => {
      await upsert(tx, job);
      const rows = receipts.map((receipt, part) => rowOf(receipt, part));
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

  async closable(nowMs: number): Promise<PartialReceipt[]> {
    const rows = await onDatabase(acrossTenants("receipts"), () =>
      this.#db
        .selectFrom("receipt as partial")
        .innerJoin("job", "job.id", "partial.job_id")
        .select(["partial.job_id", "partial.part", "partial.receipt_id", "outstanding", "partial_until_ms", "details"])
        .where("partial.partial_until_ms", "<=", nowMs)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("receipt as closing")
                .select("closing.part")
                .whereRef("closing.job_id", "=", "partial.job_id")
                .whereRef("closing.closes_part", "=", "partial.part"),
            ),
          ),
        )
        .execute(),
    );
    return rows.flatMap((row) => {
      const tombstones = details.parse(JSON.parse(row.details)).tombstones[row.part];
      if (tombstones === undefined || row.receipt_id === null) return [];
      return [
        {
          jobId: row.job_id,
          part: row.part,
          idHex: Buffer.from(row.receipt_id).toString("hex"),
          tombstones,
          outstanding: { what: row.outstanding ?? "", untilMs: row.partial_until_ms ?? 0 },
        },
      ];
    });
  }

  async close({ part, tombstones }: PartialReceipt, receipt: SignedReceipt): Promise<void> {
    const tenant = Buffer.from(tombstones.tenantIdHex, "hex");
    // The parts of a job that close others are numbered below zero, so that both kinds have a place of their own.
    const row = { ...rowOf(receipt, -1 - part), closes_part: part };
    await inTransaction(this.#db, ofTenants([tenant]), async (tx) => {
      await tx
        .insertInto("receipt")
        .values(row)
        .onConflict((on) => on.doNothing())
        .execute();
    });
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

function rowOf(receipt: SignedReceipt, part: number): RetentionTables["receipt"] {
  const { jobId, tenantIdHex, issuedAtMs, note, idHex, outstanding } = receipt;
  return {
    job_id: jobId,
    part,
    tenant_id: Buffer.from(tenantIdHex, "hex"),
    issued_at_ms: issuedAtMs,
    note,
    receipt_id: idHex === undefined ? null : Buffer.from(idHex, "hex"),
    outstanding: outstanding?.what ?? null,
    partial_until_ms: outstanding?.untilMs ?? null,
    closes_part: null,
  };
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
