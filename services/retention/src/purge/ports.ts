import type { Dropped, DueKey, PurgeJob, TenantTombstones } from "./job.ts";

/** Both ids have 32 hex digits. */
export interface ErasedConversation {
  readonly tenantIdHex: string;
  readonly conversationIdHex: string;
}

/** What may be asked of `keys`: to destroy and to sign, never to read. */
export interface KeyLifecycle {
  /** Bucket keys past their end that still exist. @throws RetentionError KEYS_UNAVAILABLE */
  due(): Promise<DueKey[]>;
  /**
   * Ends conversations whose last bucket has ended, too, so a call without a key is worth making. Harmless to repeat.
   * @throws RetentionError KEYS_UNAVAILABLE, KEYS_REFUSED
   */
  destroy(keys: readonly DueKey[]): Promise<TenantTombstones[]>;
  /** Ends a conversation before its time, once however often it is asked. @throws RetentionError as `destroy` */
  erase(conversation: ErasedConversation): Promise<TenantTombstones>;
  /** @throws RetentionError KEYS_UNAVAILABLE, KEYS_REFUSED */
  issueReceipt(tombstones: TenantTombstones, dropped: readonly Dropped[], more?: ReceiptExtra): Promise<IssuedReceipt>;
}

/** What a receipt says beside what was dropped. */
export interface ReceiptExtra {
  /** Something that retention can't drop itself, and when it will be gone: the receipt is partial until then. */
  readonly outstanding?: Outstanding;
  /** The partial receipt that this one closes. */
  readonly closes?: PartialReceipt;
}

export interface Outstanding {
  /** Printable ASCII: what is still there. */
  readonly what: string;
  readonly untilMs: number;
}

export interface IssuedReceipt {
  /** 32 hex digits. */
  readonly idHex: string;
  /** The signed note. */
  readonly note: Uint8Array;
}

/** A receipt that said that something was outstanding, which is over now. */
export interface PartialReceipt {
  readonly jobId: string;
  /** Which of the job's receipts, from 0. */
  readonly part: number;
  readonly idHex: string;
  readonly tombstones: TenantTombstones;
  /** What was outstanding. */
  readonly outstanding: Outstanding;
}

/** Where the log's brokers delete by themselves, later than a bucket ends. */
export interface BrokerLog {
  /** When the last bytes of what was appended until then are gone. */
  deletedByMs(appendedAtMs: number): number;
}

/** The tables of every service, which know when they end. */
export interface ExpiringStores {
  /** What is there, by table. */
  list(): Promise<StoredBucket[]>;
  /** Drops everything that ended at or before `dueAtMs`. Harmless to repeat. */
  dropDue(dueAtMs: number): Promise<Dropped[]>;
}

export interface StoredBucket {
  /** `redaction.map_entry`. */
  readonly table: string;
  readonly bucketEndMs: number;
}

export interface SignedReceipt {
  readonly jobId: string;
  readonly tenantIdHex: string;
  readonly issuedAtMs: number;
  /** The signed note. */
  readonly note: string;
  /** 32 hex digits; with `outstanding`, for the receipt that closes this one. */
  readonly idHex?: string;
  readonly outstanding?: Outstanding;
}

/** Jobs and receipts, and the lease that lets one instance purge at a time. */
export interface PurgeJobs {
  /** Jobs that have not come to their end, the oldest first. */
  unfinished(): Promise<PurgeJob[]>;
  save(job: PurgeJob): Promise<void>;
  /** Saves the last state together with the receipts. */
  finish(job: PurgeJob, receipts: readonly SignedReceipt[]): Promise<void>;
  /** Receipts whose outstanding part is over and that no other one closes yet. */
  closable(nowMs: number): Promise<PartialReceipt[]>;
  /** Saves the receipt that closes that one. */
  close(closed: PartialReceipt, receipt: SignedReceipt): Promise<void>;
  latest(count: number): Promise<PurgeJob[]>;
  receipts(count: number): Promise<SignedReceipt[]>;
  /** False when another instance holds the lease. */
  acquireLease(nowMs: number, untilMs: number): Promise<boolean>;
  releaseLease(): Promise<void>;
}

/** Where tests make a purge stop; production passes `noPurgeFailpoints`. */
export interface PurgeFailpoints {
  /** Called after each state is saved. Throws to stop there. */
  reached(state: PurgeJob["state"]): Promise<void>;
}

export const noPurgeFailpoints: PurgeFailpoints = { reached: () => Promise.resolve() };
