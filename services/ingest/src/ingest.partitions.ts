import { protocolPartitions } from "@cloister/messaging";
import type { PartitionedTable } from "@cloister/storage";

import { ingestSchema, ownPartitions } from "./adapters/tables.ts";

/**
 * Every table of ingest whose rows end with their bucket: what retention lists and drops. Each partition's bucket end
 * is that of its rows' class: `flow` for accepted messages and the protocol's tables, `mailbox` for the mailbox.
 */
export const ingestPartitions: readonly PartitionedTable[] = [...ownPartitions, ...protocolPartitions(ingestSchema)];
