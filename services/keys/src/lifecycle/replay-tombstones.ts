import { acrossTenants, inTransaction, onDatabase } from "@cloister/storage";
import type { KeysParts } from "../keys.parts.ts";
import { deleteBucketKey } from "../records/bucket-keys.ts";
import { endConversation } from "../records/conversations.ts";
import { readTombstones } from "../records/tombstones.ts";

const AT_ONCE = 1_000;

/** Before the first call: what a restored backup brought back is destroyed again. Returns how many tombstones stand. */
export async function replayTombstones({ db, scrub }: Pick<KeysParts, "db" | "scrub">): Promise<number> {
  const before = await countKeys(db);
  let replayed = 0;
  for (;;) {
    const tombstones = await readTombstones(db, replayed, AT_ONCE);
    await inTransaction(db, acrossTenants("lifecycle"), async (tx) => {
      for (const { tenantId, destroyed } of tombstones) {
        if (destroyed.kind === "bucket-key") await deleteBucketKey(tx, { tenantId, ...destroyed });
        else await endConversation(tx, { tenantId, conversationId: destroyed.conversationId });
      }
    });
    replayed += tombstones.length;
    if (tombstones.length < AT_ONCE) break;
  }
  if ((await countKeys(db)) < before) await scrub();
  return replayed;
}

async function countKeys(db: KeysParts["db"]): Promise<number> {
  const count = async (table: "bucket_key" | "conversation_secret"): Promise<number> => {
    const { rows } = await onDatabase(acrossTenants("lifecycle"), () =>
      db
        .selectFrom(table)
        .select((build) => build.fn.countAll<number>().as("rows"))
        .executeTakeFirstOrThrow(),
    );
    return rows;
  };
  return (await count("bucket_key")) + (await count("conversation_secret"));
}
