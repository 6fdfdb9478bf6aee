import { protocolGrant, protocolMigrations } from "@cloister/messaging";
import { bucketEnding, type Migrations, type OwnedSchema } from "@cloister/storage";

import { messagesAndMailbox } from "./100-messages-and-mailbox.ts";
import { accessTokens } from "./110-access-tokens.ts";
import { tenantPressure } from "./120-tenant-pressure.ts";
import { rowsByTenant } from "./130-rows-by-tenant.ts";
import { rememberMessages, rememberMessageSignature } from "./140-remember-message.ts";
import { ingestSchema } from "../tables.ts";

/** The steps of ingest's schema, by name, the messaging protocol's tables among them. */
export const ingestMigrations: Migrations = {
  ...protocolMigrations,
  "100_messages_and_mailbox": messagesAndMailbox,
  "110_access_tokens": accessTokens,
  "120_tenant_pressure": tenantPressure,
  "130_rows_by_tenant": rowsByTenant,
  "140_remember_message": rememberMessages,
};
export { ingestSchema };

export const ingestOwned: OwnedSchema = {
  schema: ingestSchema,
  migrations: ingestMigrations,
  grants: [
    protocolGrant("ingest", {
      accepted_message: ["select", "insert"],
      mailbox: ["select", "insert"],
      access_token: ["select", "insert", "update", "delete"],
      tenant_pressure: ["select", "insert", "update"],
    }),
    { to: "ingest", functions: [rememberMessageSignature] },
    bucketEnding,
  ],
};
