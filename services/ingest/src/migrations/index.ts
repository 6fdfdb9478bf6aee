import type { Migrations } from "@cloister/storage";

import { messagesAndMailbox } from "./100-messages-and-mailbox.ts";

/** The steps of ingest's schema, by name. */
export const ingestMigrations: Migrations = { "100_messages_and_mailbox": messagesAndMailbox };
