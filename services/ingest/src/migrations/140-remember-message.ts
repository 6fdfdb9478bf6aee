import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** As GRANT takes it. */
export const rememberMessageSignature = "remember_message(bigint, bytea, bytea, bytea)";

/**
 * Remembers a message's id and hash; gives the hash that was known instead, or null. With the caller's rights, in whose
 * tenant's rows it looks. A function, so that what has to be two statements takes one round trip.
 */
export const rememberMessages: SchemaMigration = {
  async up(db, schema) {
    await sql`
      create function ${sql.id(schema, "remember_message")}(bucket bigint, tenant bytea, message bytea, hash bytea)
      returns bytea language plpgsql as $$
      declare
        known bytea;
      begin
        -- The primary key holds within a partition only: the lock keeps two buckets from taking the same id at once. A
        -- statement of its own, since the next one sees what was committed before it began.
        perform pg_catalog.pg_advisory_xact_lock(
          pg_catalog.hashtextextended(pg_catalog.encode(message, 'hex'), 0));
        select envelope_hash into known from ${sql.id(schema, "accepted_message")}
          where tenant_id = tenant and message_id = message;
        if known is null then
          insert into ${sql.id(schema, "accepted_message")} (bucket_end_ms, tenant_id, message_id, envelope_hash)
            values (bucket, tenant, message, hash);
        end if;
        return known;
      end $$`.execute(db);
    await sql`revoke all on function ${sql.id(schema)}.${sql.raw(rememberMessageSignature)} from public`.execute(db);
  },
};
