import type { Migrations, OwnedSchema } from "@cloister/storage";
import { keysSchema } from "../records/tables.ts";
import { hierarchy } from "./100-hierarchy.ts";
import { rowsByTenant } from "./120-rows-by-tenant.ts";
import { formerIssuers } from "./130-former-issuers.ts";
import { rewriteTables, rewritingFunctions } from "./110-rewrite-tables.ts";

/** The steps of keys' schema, by name. */
export const keysMigrations: Migrations = {
  "100_hierarchy": hierarchy,
  "110_rewrite_tables": rewriteTables,
  "120_rows_by_tenant": rowsByTenant,
  "130_former_issuers": formerIssuers,
};
export { keysSchema };

/** In a database of its own. Policies and tombstones are appended only. */
export const keysOwned: OwnedSchema = {
  schema: keysSchema,
  migrations: keysMigrations,
  grants: [
    {
      to: "keys",
      functions: rewritingFunctions,
      tables: {
        tenant: ["select", "insert", "update"],
        policy: ["select", "insert"],
        conversation: ["select", "insert", "update"],
        conversation_secret: ["select", "insert", "update", "delete"],
        bucket_key: ["select", "insert", "delete"],
        tombstone: ["select", "insert"],
      },
    },
  ],
};
