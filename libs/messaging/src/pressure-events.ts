import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TenantPressureSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";

/** A consumer's word that a tenant's new messages are to be refused until a time; 0: not any more. */
export interface TenantPressure {
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  readonly source: string;
  readonly untilMs: number;
}

const HOUR_MS = 3_600_000;

/** A record of `chat.pressure.v1`; it is dropped with the hour after the one in which it ends. */
export function pressureRecord(pressure: TenantPressure, nowMs: number): OutgoingRecord {
  const { tenantId, source, untilMs } = pressure;
  const event = create(TenantPressureSchema, { tenantId, source, untilMs: BigInt(untilMs) });
  const lastMs = Math.max(nowMs, untilMs);
  return {
    topic: topics.pressure,
    key: tenantId,
    value: toBinary(TenantPressureSchema, event),
    bucketEndMs: (Math.floor(lastMs / HOUR_MS) + 1) * HOUR_MS,
  };
}

/** Names of consumers. Whoever writes to the log may write anything, and a database takes no NUL in a text. */
const SOURCE = /^[!-~]{1,64}$/u;
/** The last time that ECMAScript knows (ECMA-262 section 21.4.1.1). */
const LAST_MS = 8_640_000_000_000_000n;

/** @throws an Error of the protobuf library, or RangeError, when the record is no such event */
export function readPressure({ value }: Pick<LogRecord, "value">): TenantPressure {
  const { tenantId, source, untilMs } = fromBinary(TenantPressureSchema, value);
  if (tenantId.length !== 16) throw new RangeError("a tenant id has 16 bytes");
  if (!SOURCE.test(source)) throw new RangeError("a source is a consumer's name");
  if (untilMs > LAST_MS) throw new RangeError("there is no such time");
  return { tenantId, source, untilMs: Number(untilMs) };
}
