import { topics } from "@cloister/contracts/topics";
import { done, type ConsumedBatch, type RecordResult } from "@cloister/messaging";
import type { Clock } from "@cloister/service";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";

import { CLOCK } from "../ingest.ports.ts";
import { MAILBOX_STORE, type Delivery, type MailboxStore } from "./mailbox.ts";
import { readReplyRecord } from "./reply-record.ts";

/** Puts what arrives on chat.replies.v1 into the mailbox. The bytes stay as they came: their reader verifies them. */
@Controller()
export class RepliesConsumer {
  readonly #mailbox: MailboxStore;
  readonly #clock: Clock;

  constructor(@Inject(MAILBOX_STORE) mailbox: MailboxStore, @Inject(CLOCK) clock: Clock) {
    this.#mailbox = mailbox;
    this.#clock = clock;
  }

  @EventPattern(topics.replies)
  async deliver(@Payload() batch: ConsumedBatch): Promise<RecordResult<unknown, Delivery>[]> {
    const deliveries = batch.records.map(({ record }) => {
      const { conversation, mailboxBucketEndMs } = readReplyRecord(record);
      return { conversation, offset: record.offset, event: record.value, bucketEndMs: mailboxBucketEndMs };
    });
    const nowMs = this.#clock.nowMs();
    // What came too late is not stored: its bucket may be dropped already, and would come to life again.
    const isLive = ({ bucketEndMs }: Delivery): boolean => bucketEndMs > nowMs;
    // Partitions are made outside the transaction that fills them.
    await this.#mailbox.makeRoom(deliveries.filter(isLive).map(({ bucketEndMs }) => bucketEndMs));
    return deliveries.map((delivery) => done([], isLive(delivery) ? { write: delivery } : {}));
  }
}
