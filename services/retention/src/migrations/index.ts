import type { Migrations } from "@cloister/storage";
import { jobs } from "./100-jobs.ts";

/** The steps of retention's schema, by name. */
export const retentionMigrations: Migrations = { "100_jobs": jobs };
export { retentionSchema } from "../tables.ts";
