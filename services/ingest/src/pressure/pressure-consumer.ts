import { createHash } from "node:crypto";
import { topics } from "@cloister/contracts/topics";
import {
  defineConsumer,
  done,
  type ConsumedBatch,
  type ConsumerDefinition,
  type LogRecord,
  type RecordResult,
} from "@cloister/messaging";
import { readPressure } from "@cloister/messaging/pressure-events";
import { Controller } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import { sql, type Kysely } from "kysely";

import { ingestSchema, type IngestTables } from "../tables.ts";

type PressureWrite = IngestTables["tenant_pressure"];

/** Remembers what arrives on chat.pressure.v1 for every instance: whose new messages are to be refused, and until when. */
@Controller()
export class PressureConsumer {
  @EventPattern(topics.pressure)
  take(@Payload() batch: ConsumedBatch): Promise<RecordResult<IngestTables, PressureWrite>[]> {
    return Promise.resolve(batch.records.map(({ record }) => done([], { write: writeOf(record) })));
  }
}

/** The name is that of its inbox and offsets: never changed. */
export function pressureConsumer(db: Kysely<IngestTables>): ConsumerDefinition {
  return defineConsumer<IngestTables, PressureWrite>({
    name: "ingest-pressure",
    topic: topics.pressure,
    db,
    schema: ingestSchema,
    identify: ({ value, offset }) => {
      const { tenantId } = readPressure({ value });
      // An event has no id: each is told apart by where it lies, and the newest of a source counts.
      const fingerprint = createHash("sha256").update(`${topics.pressure}/${offset}/`).update(value).digest();
      return { messageId: fingerprint.subarray(0, 16), fingerprint, conversationId: tenantId, tenantId };
    },
    onDeadLetter: () => [],
    writeAll: async (tx, writes) => {
      for (const write of writes) {
        await tx
          .insertInto("tenant_pressure")
          .values(write)
          .onConflict((conflict) =>
            conflict
              .columns(["tenant_id", "source"])
              .doUpdateSet({ until_ms: write.until_ms, log_offset: write.log_offset })
              .where(sql.ref("tenant_pressure.log_offset"), "<", write.log_offset),
          )
          .execute();
      }
    },
  });
}

function writeOf(record: LogRecord): PressureWrite {
  const { tenantId, source, untilMs } = readPressure(record);
  return { tenant_id: tenantId, source, until_ms: untilMs, log_offset: record.offset };
}
