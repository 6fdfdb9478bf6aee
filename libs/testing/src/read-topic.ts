import type { LogRecord } from "@cloister/messaging";
import type { Database } from "@cloister/storage";
import { sql } from "kysely";

/** What lies in a topic of the Postgres log, in the order of partitions and offsets. */
export async function readTopic(db: Database, topic: string): Promise<LogRecord[]> {
  const { rows } = await sql<LogRecord>`
    select name as topic, part as partition, off as offset, key, value, bucket_end_ms as "bucketEndMs"
    from log.record join log.topic on topic.id = record.topic_id
    where name = ${topic} order by part, off`.execute(db.kysely);
  return rows;
}
