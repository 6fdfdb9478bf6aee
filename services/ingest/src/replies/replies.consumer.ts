import { topics } from "@cloister/contracts/topics";
import { done, type ConsumedBatch, type LogRecord, type OutgoingRecord, type RecordResult } from "@cloister/messaging";
import type { Clock } from "@cloister/service";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";

import { BRIDGED_TENANTS, type BridgedTenants } from "../bridge/bridged-tenants.ts";
import { CLOCK } from "../ingest.ports.ts";
import { MAILBOX_STORE, type Delivery, type MailboxStore } from "./mailbox.ts";
import { readReplyRecord } from "./reply-record.ts";

/**
 * Puts what arrives on chat.replies.v1 into the mailbox, and on the topic of a tenant that has one. The bytes stay as they
 * came: their reader verifies them.
 */
@Controller()
export class RepliesConsumer {
  readonly #mailbox: MailboxStore;
  readonly #clock: Clock;
  readonly #bridged: BridgedTenants;

  constructor(
    @Inject(MAILBOX_STORE) mailbox: MailboxStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(BRIDGED_TENANTS) bridged: BridgedTenants,
  ) {
    this.#bridged = bridged;
    this.#mailbox = mailbox;
    this.#clock = clock;
  }

  @EventPattern(topics.replies)
  async deliver(@Payload() batch: ConsumedBatch): Promise<RecordResult<unknown, Delivery>[]> {
    const deliveries = batch.records.map(({ record }) => {
      const { conversation, mailboxBucketEndMs } = readReplyRecord(record);
      return { record, conversation, offset: record.offset, event: record.value, bucketEndMs: mailboxBucketEndMs };
    });
    const nowMs = this.#clock.nowMs();
    // What came too late is not stored: its bucket may be dropped already, and would come to life again.
    const isLive = ({ bucketEndMs }: Pick<Delivery, "bucketEndMs">): boolean => bucketEndMs > nowMs;
    // Partitions are made outside the transaction that fills them.
    await this.#mailbox.makeRoom(deliveries.filter(isLive).map(({ bucketEndMs }) => bucketEndMs));
    return deliveries.map(({ record, ...delivery }) =>
      isLive(delivery) ? done(this.#copies(record, delivery), { write: delivery }) : done([]),
    );
  }

  #copies({ key, value, bucketEndMs }: LogRecord, { conversation }: Delivery): OutgoingRecord[] {
    const tenant = this.#bridged.of(conversation.tenantId);
    return tenant === undefined ? [] : [{ topic: tenant.replies, key, value, bucketEndMs }];
  }
}
