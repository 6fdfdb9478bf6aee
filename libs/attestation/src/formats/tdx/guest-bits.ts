import { tdxError } from "./faults.ts";
import type { TdReport } from "./td-report.ts";

/** Bits of TD_ATTRIBUTES (Intel TDX Module ABI, ATTRIBUTES). */
export const tdAttributeBit = { debug: 0, septVeDisable: 28, pks: 30, kl: 31, perfmon: 63 } as const;

/** Debug is refused by a code of its own; key locker (31) may not be used with attestation. */
const ALLOWED_TD_ATTRIBUTES = (1n << 28n) | (1n << 30n) | (1n << 63n);
/** FP and SSE are always on; the others are what a guest may be given. */
const REQUIRED_XFAM = 0x3n;
const ALLOWED_XFAM = 0x0006dbe7n;

/** Eight bytes, little-endian. */
export function bitsOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

export function hasBit(bits: bigint, bit: number): boolean {
  return ((bits >> BigInt(bit)) & 1n) === 1n;
}

/**
 * Refuses guests that can be looked into and bits that TDX doesn't define.
 * @throws AttestationError with fault TD_ATTRIBUTES_DEBUG_SET, TD_ATTRIBUTES_RESERVED_BIT_SET, XFAM_REQUIRED_BIT_CLEAR,
 * XFAM_FORBIDDEN_BIT_SET.
 */
export function checkSpecDefaults(report: TdReport): void {
  const attributes = bitsOf(report.tdAttributes);
  if (hasBit(attributes, tdAttributeBit.debug)) {
    throw tdxError("TD_ATTRIBUTES_DEBUG_SET", "The guest runs with a debugger: its host can read its memory.");
  }
  if ((attributes & ~ALLOWED_TD_ATTRIBUTES) !== 0n) {
    throw tdxError("TD_ATTRIBUTES_RESERVED_BIT_SET", "The guest's attributes have a bit set that must be clear.");
  }
  const xfam = bitsOf(report.xfam);
  if ((xfam & REQUIRED_XFAM) !== REQUIRED_XFAM) {
    throw tdxError("XFAM_REQUIRED_BIT_CLEAR", "The guest runs without the features that every guest has.");
  }
  if ((xfam & ~ALLOWED_XFAM) !== 0n) {
    throw tdxError("XFAM_FORBIDDEN_BIT_SET", "The guest runs with features that TDX doesn't allow.");
  }
}
