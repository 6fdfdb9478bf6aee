import type { Migrations, OwnedSchema } from "@cloister/storage";
import { retentionSchema } from "../tables.ts";
import { jobs } from "./100-jobs.ts";
import { partialReceipts } from "./120-partial-receipts.ts";
import { rowsByTenant } from "./110-rows-by-tenant.ts";

/** The steps of retention's schema, by name. */
export const retentionMigrations: Migrations = {
  "100_jobs": jobs,
  "110_rows_by_tenant": rowsByTenant,
  "120_partial_receipts": partialReceipts,
};
export { retentionSchema };

/** It ends the other schemas' rows by functions of their owners (`bucketEnding`). */
export const retentionOwned: OwnedSchema = {
  schema: retentionSchema,
  migrations: retentionMigrations,
  grants: [
    {
      to: "retention",
      tables: {
        job: ["select", "insert", "update"],
        receipt: ["select", "insert"],
        lease: ["select", "insert", "update", "delete"],
      },
    },
  ],
};
