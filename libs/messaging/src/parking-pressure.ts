import type { Clock, Log } from "@cloister/service";
import { hex } from "./hex.ts";
import type { MessageLog } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";
import type { Outcome } from "./outcome.ts";
import { isFull, isOverCeiling, isRelieved, type ParkingLimits, type ParkingUsage } from "./parking-limits.ts";
import { parkingUsage } from "./parked-rows.ts";
import { pressureRecord } from "./pressure-events.ts";
import type { ProtocolScope } from "./protocol-scope.ts";

export interface PressurePorts {
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_EVERY_MS = 1_000;
/** What was said holds for so long, and is said again before it lapses; a consumer that ends refuses nobody for ever. */
const HOLDS_MS = 60_000;
const SAY_AGAIN_MS = 20_000;

/**
 * The cap on what is parked for one tenant (ADR 13). At the cap ingest is told to refuse the tenant's new messages;
 * what had been accepted by then is parked beyond it. Only at the ceiling, far above, does the partition wait.
 */
export class ParkingPressure {
  readonly #scope: ProtocolScope;
  readonly #limits: ParkingLimits;
  readonly #ports: PressurePorts;
  /** When ingest was last told of a tenant, on the monotonic clock, by the tenant's id in hex. */
  readonly #told = new Map<string, { readonly tenantId: Uint8Array; readonly atMs: number }>();
  #nextLookMs = 0;

  constructor(scope: ProtocolScope, limits: ParkingLimits, ports: PressurePorts) {
    this.#scope = scope;
    this.#limits = limits;
    this.#ports = ports;
  }

  /** @throws MessagingError PARKING_FULL when a tenant has no room for what is to be parked: the batch comes again */
  async requireRoom(outcomes: readonly Outcome[]): Promise<void> {
    const added = new Map<string, { tenantId: Uint8Array; records: number; bytes: number }>();
    for (const outcome of outcomes) {
      if (outcome.kind !== "parked") continue;
      const { record, identity } = outcome.consumed;
      const known = added.get(hex(identity.tenantId)) ?? { tenantId: identity.tenantId, records: 0, bytes: 0 };
      added.set(hex(identity.tenantId), {
        ...known,
        records: known.records + 1,
        bytes: known.bytes + record.value.length,
      });
    }
    if (added.size === 0) return;
    const usage = await parkingUsage(
      this.#scope,
      [...added.values()].map(({ tenantId }) => tenantId),
    );
    for (const [tenant, { records, bytes }] of added) {
      const before = usage.get(tenant) ?? { records: 0, bytes: 0 };
      if (!isOverCeiling({ records: before.records + records, bytes: before.bytes + bytes }, this.#limits)) continue;
      this.#ports.log.error("a partition waits for a tenant's parked records", this.#fields(tenant));
      throw new MessagingError(
        "PARKING_FULL",
        `no room is left at ${this.#scope.consumer} for what a tenant waits for`,
      );
    }
  }

  /** Tells ingest whom to refuse and whom no longer; at most once a second. An outage of the log is tried again. */
  async look(): Promise<void> {
    const monotonicMs = this.#ports.clock.monotonicMs();
    if (monotonicMs < this.#nextLookMs) return;
    this.#nextLookMs = monotonicMs + LOOK_EVERY_MS;
    try {
      const usage = await parkingUsage(this.#scope);
      for (const [tenant, used] of usage) await this.#weigh(tenant, used, monotonicMs);
      for (const tenant of [...this.#told.keys()]) {
        const used = usage.get(tenant);
        if (used === undefined || isRelieved(used, this.#limits)) await this.#relieve(tenant);
      }
    } catch (error) {
      this.#ports.log.warn("ingest could not be told of parked records", { consumer: this.#scope.consumer, error });
    }
  }

  async #weigh(tenant: string, used: ParkingUsage & { readonly tenantId: Uint8Array }, atMs: number): Promise<void> {
    const told = this.#told.get(tenant);
    // Between the two marks a tenant stays what it was.
    if (!isFull(used, this.#limits) && (told === undefined || isRelieved(used, this.#limits))) return;
    if (told !== undefined && atMs < told.atMs + SAY_AGAIN_MS) return;
    await this.#say(used.tenantId, this.#ports.clock.nowMs() + HOLDS_MS);
    this.#told.set(tenant, { tenantId: used.tenantId, atMs });
    if (told === undefined) this.#ports.log.warn("a tenant's new messages are refused", this.#fields(tenant, used));
  }

  async #relieve(tenant: string): Promise<void> {
    const told = this.#told.get(tenant);
    if (told === undefined) return;
    await this.#say(told.tenantId, 0);
    this.#told.delete(tenant);
    this.#ports.log.info("a tenant's new messages are taken again", this.#fields(tenant));
  }

  async #say(tenantId: Uint8Array, untilMs: number): Promise<void> {
    const pressure = { tenantId, source: this.#scope.consumer, untilMs };
    await this.#ports.messages.produce([pressureRecord(pressure, this.#ports.clock.nowMs())]);
  }

  #fields(tenantId: string, used?: ParkingUsage) {
    const { consumer } = this.#scope;
    return { consumer, tenantId, code: "PARKING_FULL", ...(used && { count: used.records, bytes: used.bytes }) };
  }
}
