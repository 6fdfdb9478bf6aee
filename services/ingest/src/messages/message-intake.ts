import type { MessageId, TenantId } from "@cloister/envelope";

/** A checked message on its way to the log. */
export interface CheckedMessage {
  readonly tenantId: TenantId;
  readonly conversationId: Uint8Array;
  readonly messageId: MessageId;
  /** End of the message's bucket, ms since the epoch. */
  readonly bucketEndMs: number;
  /** The envelope, as it came. */
  readonly envelope: Uint8Array;
}

/** Where accepted messages go, and where their ids are remembered until their bucket ends. */
export interface MessageIntake {
  /**
   * Takes a message durably, once: the same id with the same bytes again changes nothing.
   * @throws ProblemError ID_REUSED when the tenant used the id for other bytes
   */
  accept(message: CheckedMessage): Promise<void>;
}
