import { problem } from "../ingest.problems.ts";

/** The port to what consumers said of tenants for whom they keep too much. */
export interface TenantPressures {
  /** Until when the tenant's new messages are to be refused, ms since the epoch; undefined when they are not. */
  untilMs(tenantId: Uint8Array): Promise<number | undefined>;
}

/** A consumer says it is over as soon as it is: nobody has to wait for the time that it gave. */
const MOST_SECONDS = 10;

/** @throws ProblemError PARKING_FULL with Retry-After; what was accepted before is kept and goes on by itself */
export async function requireRoomFor(tenantId: Uint8Array, pressures: TenantPressures, nowMs: number): Promise<void> {
  const untilMs = await pressures.untilMs(tenantId);
  if (untilMs === undefined || untilMs <= nowMs) return;
  const seconds = Math.min(MOST_SECONDS, Math.ceil((untilMs - nowMs) / 1_000));
  throw problem(
    "PARKING_FULL",
    "Too many of this tenant's messages wait already, such as for its key management. They are kept; send new ones later.",
    { "retry-after": String(seconds) },
  );
}
