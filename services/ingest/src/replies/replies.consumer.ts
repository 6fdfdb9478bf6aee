import { topics } from "@cloister/contracts/topics";
import { done, type ConsumedBatch, type RecordResult } from "@cloister/messaging";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";

import { MAILBOX_STORE, type Delivery, type MailboxStore } from "./mailbox.ts";
import { readReplyRecord } from "./reply-record.ts";

/** Puts what arrives on chat.replies.v1 into the mailbox. The bytes stay as they came: their reader verifies them. */
@Controller()
export class RepliesConsumer {
  readonly #mailbox: MailboxStore;

  constructor(@Inject(MAILBOX_STORE) mailbox: MailboxStore) {
    this.#mailbox = mailbox;
  }

  @EventPattern(topics.replies)
  async deliver(@Payload() batch: ConsumedBatch): Promise<RecordResult<unknown, Delivery>[]> {
    const deliveries = batch.records.map(({ record }) => {
      const { conversation, mailboxBucketEndMs } = readReplyRecord(record);
      return { conversation, offset: record.offset, event: record.value, bucketEndMs: mailboxBucketEndMs };
    });
    // Partitions are made outside the transaction that fills them.
    await this.#mailbox.makeRoom(deliveries.map(({ bucketEndMs }) => bucketEndMs));
    return deliveries.map((delivery) => done([], { write: delivery }));
  }
}
