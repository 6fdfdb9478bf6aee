import { acrossTenants, inTransaction, ofTenants, onDatabase, type RowScope } from "@cloister/storage";
import type { Kysely, Selectable, Transaction } from "kysely";

import { isScope } from "../access/scopes.ts";
import type { TokenOwner, TokenPage, TokenRecord, TokenStore } from "../access/token-store.ts";
import type { IngestTables } from "../tables.ts";

/** Live tokens of one tenant, or of those for every tenant. */
const maxLiveTokens = 1_000;
const dayMs = 24 * 60 * 60 * 1_000;
/** How long a token that ended is still listed. */
const listedAfterEndMs = 30 * dayMs;

/** The table access_token. */
export class SqlTokenStore implements TokenStore {
  readonly #db: Kysely<IngestTables>;

  constructor(db: Kysely<IngestTables>) {
    this.#db = db;
  }

  add(token: TokenRecord, digest: Uint8Array): Promise<boolean> {
    return inTransaction(this.#db, acrossTenants("access"), async (tx) => {
      await forgetEnded(tx, token.createdAtMs - listedAfterEndMs);
      if ((await countLive(tx, token)) >= maxLiveTokens) return false;
      await tx
        .insertInto("access_token")
        .values({
          id: bytesOf(token.id),
          digest,
          tenant_id: token.tenantIdHex === null ? null : bytesOf(token.tenantIdHex),
          scopes: token.scopes.join(" "),
          label: token.label,
          created_at_ms: token.createdAtMs,
          created_by: token.createdBy === null ? null : bytesOf(token.createdBy),
          expires_at_ms: token.expiresAtMs,
          last_used_at_ms: token.lastUsedAtMs,
          revoked_at_ms: token.revokedAtMs,
        })
        .execute();
      return true;
    });
  }

  find(digest: Uint8Array): Promise<TokenRecord | undefined> {
    return onDatabase(acrossTenants("access"), async () => {
      const row = await this.#db.selectFrom("access_token").selectAll().where("digest", "=", digest).executeTakeFirst();
      return row && recordOf(row);
    });
  }

  markUsed(id: string, nowMs: number): Promise<void> {
    return onDatabase(acrossTenants("access"), async () => {
      await this.#db
        .updateTable("access_token")
        .set({ last_used_at_ms: nowMs })
        .where("id", "=", bytesOf(id))
        .execute();
    });
  }

  list(
    { tenantIdHex }: TokenOwner,
    { after, limit }: { after: string | undefined; limit: number },
  ): Promise<TokenPage> {
    return onDatabase(rowsOf(tenantIdHex), async () => {
      let query = this.#db
        .selectFrom("access_token")
        .selectAll()
        .orderBy("id", "desc")
        .limit(limit + 1);
      if (tenantIdHex !== undefined) query = query.where("tenant_id", "=", bytesOf(tenantIdHex));
      if (after !== undefined) query = query.where("id", "<", bytesOf(after));
      const records = (await query.execute()).map(recordOf);
      const tokens = records.slice(0, limit);
      return { tokens, nextAfter: records.length > limit ? (tokens.at(-1)?.id ?? null) : null };
    });
  }

  revoke({ tenantIdHex }: TokenOwner, id: string, nowMs: number): Promise<Uint8Array | undefined> {
    return onDatabase(rowsOf(tenantIdHex), async () => {
      let query = this.#db
        .updateTable("access_token")
        // The first revocation's time stays.
        .set((eb) => ({ revoked_at_ms: eb.fn.coalesce("revoked_at_ms", eb.val(nowMs)) }))
        .where("id", "=", bytesOf(id));
      if (tenantIdHex !== undefined) query = query.where("tenant_id", "=", bytesOf(tenantIdHex));
      return (await query.returning("digest").executeTakeFirst())?.digest;
    });
  }
}

/** Whoever manages one tenant's tokens sees no others; a token is found by its digest before its tenant is known. */
function rowsOf(tenantIdHex: string | undefined): RowScope {
  return tenantIdHex === undefined ? acrossTenants("access") : ofTenants([bytesOf(tenantIdHex)]);
}

async function forgetEnded(tx: Transaction<IngestTables>, beforeMs: number): Promise<void> {
  await tx
    .deleteFrom("access_token")
    .where((eb) => eb.or([eb("expires_at_ms", "<", beforeMs), eb("revoked_at_ms", "<", beforeMs)]))
    .execute();
}

async function countLive(tx: Transaction<IngestTables>, { tenantIdHex, createdAtMs }: TokenRecord): Promise<number> {
  const tenantId = tenantIdHex === null ? null : bytesOf(tenantIdHex);
  const { n } = await tx
    .selectFrom("access_token")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("tenant_id", "is not distinct from", tenantId)
    .where("revoked_at_ms", "is", null)
    .where("expires_at_ms", ">", createdAtMs)
    .executeTakeFirstOrThrow();
  return n;
}

function recordOf(row: Selectable<IngestTables["access_token"]>): TokenRecord {
  return {
    id: hexOf(row.id),
    tenantIdHex: row.tenant_id === null ? null : hexOf(row.tenant_id),
    // A scope that this version doesn't know gives nothing.
    scopes: row.scopes.split(" ").filter(isScope),
    label: row.label,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by === null ? null : hexOf(row.created_by),
    expiresAtMs: row.expires_at_ms,
    lastUsedAtMs: row.last_used_at_ms,
    revokedAtMs: row.revoked_at_ms,
  };
}

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, "hex");
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
