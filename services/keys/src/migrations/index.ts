import type { Migrations } from "@cloister/storage";
import { hierarchy } from "./100-hierarchy.ts";

/** The steps of keys' schema, by name. */
export const keysMigrations: Migrations = { "100_hierarchy": hierarchy };
export { keysSchema } from "../records/tables.ts";
