import { protocolMigrations } from "@cloister/messaging";
import type { Migrations } from "@cloister/storage";
import { turns } from "./100-turns.ts";

/** The steps of enclave-inference's schema, by name, the messaging protocol's tables among them. */
export const inferenceMigrations: Migrations = { ...protocolMigrations, "100_turns": turns };
export { inferenceSchema } from "../tables.ts";
