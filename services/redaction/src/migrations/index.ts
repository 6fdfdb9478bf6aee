import { protocolMigrations } from "@cloister/messaging";
import type { Migrations } from "@cloister/storage";
import { placeholderMaps } from "./100-placeholder-maps.ts";

/** The steps of redaction's schema, by name, the messaging protocol's tables among them. */
export const redactionMigrations: Migrations = { ...protocolMigrations, "100_placeholder_maps": placeholderMaps };
export { redactionSchema } from "../tables.ts";
