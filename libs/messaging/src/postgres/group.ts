import { type Database, inTransaction, noTenant, onDatabase } from "@cloister/storage";
import { sql } from "kysely";
import type { TopicRow } from "./topic-table.ts";

export interface Claim {
  readonly topic: TopicRow;
  readonly part: number;
  readonly epoch: number;
  readonly nextOffset: number;
}

export interface GroupOptions {
  readonly db: Database;
  readonly group: string;
  readonly memberId: string;
  readonly topics: readonly TopicRow[];
  readonly leaseMs: number;
}

export interface Beat {
  /** Newly owned. */
  readonly claimed: readonly Claim[];
  /** Owned and to be given up, or owned no more: `topic_id/part`. */
  readonly keep: ReadonlySet<string>;
  /** True when this member was not in the group before. */
  readonly isNew: boolean;
}

export const partitionId = (topicId: number, part: number): string => `${topicId}/${part}`;

/** One member's view of its group. All state is in the database; leases decide who is alive. */
export class GroupMembership {
  readonly #options: GroupOptions;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** Renews this member's leases, forgets the dead, claims what is its share and free. */
  async beat(nowMs: number): Promise<Beat> {
    const { db, group, memberId, leaseMs } = this.#options;
    const untilMs = nowMs + leaseMs;
    return inTransaction(db.kysely, noTenant, async (tx) => {
      const joined = await sql<{ is_new: boolean }>`
        insert into log.group_member (group_name, member_id, lease_until_ms) values (${group}, ${memberId}, ${untilMs})
        on conflict (group_name, member_id) do update set lease_until_ms = excluded.lease_until_ms
        returning (xmax = 0) as is_new`.execute(tx);
      await sql`delete from log.group_member where group_name = ${group} and lease_until_ms <= ${nowMs}`.execute(tx);
      const members = await sql<{ member_id: string }>`
        select member_id from log.group_member where group_name = ${group} order by member_id`.execute(tx);
      const share = this.#shareOf(members.rows.map((row) => row.member_id));
      await sql`update log.group_partition set lease_until_ms = ${untilMs}
        where group_name = ${group} and owner = ${memberId}`.execute(tx);
      const owned = await sql<{ topic_id: number; part: number }>`
        select topic_id, part from log.group_partition where group_name = ${group} and owner = ${memberId}`.execute(tx);
      const ownedIds = new Set(owned.rows.map((row) => partitionId(row.topic_id, row.part)));
      const missing = share.filter((one) => !ownedIds.has(partitionId(one.topic.id, one.part)));
      const claimed = missing.length === 0 ? [] : await this.#claim(tx, missing, nowMs, untilMs);
      const keep = new Set(share.map((one) => partitionId(one.topic.id, one.part)));
      return { claimed, keep: intersection(keep, ownedIds), isNew: joined.rows[0]?.is_new === true };
    });
  }

  /** Records how far the group is. False when this member does not own the partition any more. */
  async commit(claim: Claim, nextOffset: number): Promise<boolean> {
    const { db, group, memberId } = this.#options;
    const { rows } = await onDatabase(noTenant, () =>
      sql`update log.group_partition set next_off = ${nextOffset}
        where group_name = ${group} and topic_id = ${claim.topic.id} and part = ${claim.part}
          and owner = ${memberId} and epoch = ${claim.epoch} returning part`.execute(db.kysely),
    );
    return rows.length === 1;
  }

  async release(claim: Claim): Promise<void> {
    const { db, group, memberId } = this.#options;
    await sql`update log.group_partition set owner = null
      where group_name = ${group} and topic_id = ${claim.topic.id} and part = ${claim.part}
        and owner = ${memberId} and epoch = ${claim.epoch}`.execute(db.kysely);
  }

  async leave(): Promise<void> {
    const { db, group, memberId } = this.#options;
    await inTransaction(db.kysely, noTenant, async (tx) => {
      await sql`update log.group_partition set owner = null
        where group_name = ${group} and owner = ${memberId}`.execute(tx);
      await sql`delete from log.group_member where group_name = ${group} and member_id = ${memberId}`.execute(tx);
    });
  }

  /** Every member computes the same split of the partitions over the members in the order of their ids. */
  #shareOf(members: readonly string[]): { topic: TopicRow; part: number }[] {
    const all = this.#options.topics
      .toSorted((a, b) => a.id - b.id)
      .flatMap((topic) => Array.from({ length: topic.partitions }, (_, part) => ({ topic, part })));
    return all.filter((_, n) => members[n % members.length] === this.#options.memberId);
  }

  async #claim(
    tx: Database["kysely"],
    wanted: readonly { topic: TopicRow; part: number }[],
    nowMs: number,
    untilMs: number,
  ): Promise<Claim[]> {
    const { group, memberId } = this.#options;
    const rows = wanted.map(
      (one) => sql`(${group}, ${one.topic.id}::integer, ${one.part}::integer, ${memberId}, 1,
      ${untilMs}::bigint, 0)`,
    );
    const claimed = await sql<{ topic_id: number; part: number; epoch: number; next_off: number }>`
      insert into log.group_partition as p (group_name, topic_id, part, owner, epoch, lease_until_ms, next_off)
      values ${sql.join(rows)}
      on conflict (group_name, topic_id, part) do update
        set owner = excluded.owner, epoch = p.epoch + 1, lease_until_ms = excluded.lease_until_ms
        where p.owner is null or p.lease_until_ms <= ${nowMs}
      returning topic_id, part, epoch, next_off`.execute(tx);
    return claimed.rows.flatMap((row) => {
      const topic = this.#options.topics.find((one) => one.id === row.topic_id);
      return topic === undefined ? [] : [{ topic, part: row.part, epoch: row.epoch, nextOffset: row.next_off }];
    });
  }
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((one) => b.has(one)));
}
