import { topics } from "@cloister/contracts/topics";
import { fromBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { readHeader } from "@cloister/envelope";
import type { Database } from "@cloister/storage";
import { sql } from "kysely";

/** The envelope of a client's message as it lies on chat.inbound.v1, or undefined when it isn't there. */
export async function inboundEnvelope(db: Database, messageId: Uint8Array): Promise<Uint8Array | undefined> {
  const { rows } = await sql<{ value: Uint8Array }>`
    select value from log.record join log.topic on topic.id = topic_id
    where topic.name = ${topics.inbound} order by appended_at_ms desc, off desc limit 64`.execute(db.kysely);
  return rows
    .map(({ value }) => fromBinary(MessageSealedSchema, value).envelope)
    .find((envelope) => Buffer.compare(readHeader(envelope).messageId, messageId) === 0);
}

/** Resolves when every consumer has handled every record: nothing of what was sent is on its way any more. */
export async function untilIdle(db: Database, timeoutMs = 30_000): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const { rows } = await sql<{ behind: number }>`
      select (select count(*) from log.group_partition
        join log.topic_partition using (topic_id, part)
        where group_partition.next_off < topic_partition.next_off)::integer as behind`.execute(db.kysely);
    if (rows[0]?.behind === 0) return;
    if (performance.now() > endsAt) throw new Error("the services did not come to rest in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
