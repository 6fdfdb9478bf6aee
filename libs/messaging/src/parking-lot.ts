import type { Clock, Log } from "@cloister/service";
import pLimit from "p-limit";
import { backoffMs } from "./backoff.ts";
import type { LogRecord, TopicPartition } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";
import { dueParked, hasParked } from "./parked-rows.ts";
import type { ProtocolScope } from "./protocol-scope.ts";

const LOOK_EVERY_MS = 500;
const MAX_RECORDS = 64;

export interface ParkingPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** The consumer must not go on. */
  readonly onFatal: (error: unknown) => void;
}

interface Slot {
  readonly where: TopicPartition;
  readonly stopping: AbortSignal;
  timer: NodeJS.Timeout | undefined;
  /** How often in a row a look has failed. */
  failures: number;
}

export interface ParkingWork {
  /** Sends what a partition's lane still holds. */
  sendUnsent(partition: number): Promise<void>;
  /** True while something of a partition may be committed and not sent. */
  isUnsent(partition: number): boolean;
  /** Works on parked records once more. */
  again(records: readonly LogRecord[], stopping: AbortSignal): Promise<void>;
  /** Called after each look at a partition that has any. */
  looked(): Promise<void>;
}

/**
 * Takes parked records up again when they are due, by the same way as fetched ones and never beside them, and sends what
 * an earlier try could not. It looks only at partitions that have any, so that an idle system asks nothing.
 */
export class ParkingLot {
  readonly #scope: ProtocolScope;
  readonly #ports: ParkingPorts;
  readonly #work: ParkingWork;
  readonly #slots = new Map<number, Slot>();
  readonly #locks = new Map<number, ReturnType<typeof pLimit>>();
  #isClosed = false;

  constructor(scope: ProtocolScope, ports: ParkingPorts, work: ParkingWork) {
    this.#scope = scope;
    this.#ports = ports;
    this.#work = work;
  }

  /** A partition was assigned: watches it until `stopping`, if it has parked records. */
  async open(where: TopicPartition, stopping: AbortSignal): Promise<void> {
    if (stopping.aborted) return;
    const slot: Slot = { where, stopping, timer: undefined, failures: 0 };
    this.#slots.set(where.partition, slot);
    stopping.addEventListener("abort", () => this.#isOver(slot) && clearTimeout(slot.timer), { once: true });
    if (await hasParked(this.#scope, where.partition)) this.#watch(slot);
  }

  /** Records were parked in this partition. */
  filled(partition: number): void {
    const slot = this.#slots.get(partition);
    if (slot !== undefined) this.#watch(slot);
  }

  /** Runs work on a partition when nothing else does. */
  alone<T>(partition: number, work: () => Promise<T>): Promise<T> {
    const lock = this.#locks.get(partition) ?? pLimit(1);
    this.#locks.set(partition, lock);
    return lock(work);
  }

  /** Looks no more; resolves when no work on any partition is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const slot of this.#slots.values()) clearTimeout(slot.timer);
    await Promise.all([...this.#locks.values()].map((lock) => lock(() => undefined)));
  }

  #watch(slot: Slot): void {
    if (slot.timer !== undefined || this.#isClosed || this.#isOver(slot)) return;
    slot.timer = setTimeout(
      () => {
        void this.#look(slot).then((isEmpty) => {
          slot.timer = undefined;
          if (!isEmpty) this.#watch(slot);
        });
      },
      LOOK_EVERY_MS + (slot.failures === 0 ? 0 : backoffMs(slot.failures)),
    );
  }

  /** What was committed for a partition before it was given up is sent all the same: its next owner may not see it. */
  #isOver({ where, stopping }: Slot): boolean {
    return stopping.aborted && !this.#work.isUnsent(where.partition);
  }

  /** True when the partition has no parked record left. */
  async #look(slot: Slot): Promise<boolean> {
    const { where, stopping } = slot;
    if (this.#isClosed) return true;
    try {
      await this.alone(where.partition, async () => {
        // What an earlier look committed and could not send.
        await this.#work.sendUnsent(where.partition);
        if (stopping.aborted) return;
        const due = await dueParked(this.#scope, where, this.#ports.clock.nowMs(), MAX_RECORDS);
        if (due.length > 0) await this.#work.again(due, stopping);
      });
      slot.failures = 0;
      if (stopping.aborted) return true;
      await this.#work.looked();
      return !(await hasParked(this.#scope, where.partition));
    } catch (error) {
      if (error instanceof MessagingError && error.code === "CONSUMER_FATAL") {
        this.#ports.onFatal(error);
        return true;
      }
      slot.failures += 1;
      const what = stopping.aborted
        ? "what parked records brought could not be sent"
        : "parked records could not be taken up";
      this.#ports.log.warn(what, { consumer: this.#scope.consumer, attempt: slot.failures, error });
      return false;
    }
  }
}
