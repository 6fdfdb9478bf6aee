/** How far behind the highest number seen a message may still arrive. */
export const WINDOW_SIZE = 1024;

/** The numbers seen from one signing key: `highest`, and for the 1,024 numbers up to it a bit that says "seen". */
export interface SequenceWindow {
  readonly highest: bigint;
  /** 128 bytes; bit n stands for the number `highest - n`. */
  readonly seen: Uint8Array;
}

export const emptyWindow: SequenceWindow = { highest: 0n, seen: new Uint8Array(WINDOW_SIZE / 8) };

export type SequenceVerdict =
  /** `missing` counts the numbers skipped by this message, each reported this one time. */
  | { readonly outcome: "accepted"; readonly window: SequenceWindow; readonly missing: bigint }
  | { readonly outcome: "repeated" };

/**
 * Judges a `sender_seq` (numbers start at 1). A number seen before, or 1,024 or more behind the highest, counts as
 * repeated: what can't be told from a replay is refused. The anti-replay window is that of RFC 4303 section 3.4.3.
 */
export function judgeSequence(window: SequenceWindow, sequence: bigint): SequenceVerdict {
  if (sequence <= 0n) return { outcome: "repeated" };
  if (sequence > window.highest) {
    const step = sequence - window.highest;
    return { outcome: "accepted", window: { highest: sequence, seen: shifted(window.seen, step) }, missing: step - 1n };
  }
  const behind = window.highest - sequence;
  if (behind >= BigInt(WINDOW_SIZE) || hasBit(window.seen, Number(behind))) return { outcome: "repeated" };
  return {
    outcome: "accepted",
    window: { highest: window.highest, seen: withBit(window.seen, Number(behind)) },
    missing: 0n,
  };
}

function shifted(seen: Uint8Array, step: bigint): Uint8Array {
  const bits = step >= BigInt(WINDOW_SIZE) ? new Uint8Array(seen.length) : shiftLeft(seen, Number(step));
  return withBit(bits, 0);
}

function shiftLeft(seen: Uint8Array, step: number): Uint8Array {
  const result = new Uint8Array(seen.length);
  for (let bit = WINDOW_SIZE - 1; bit >= step; bit--) {
    if (hasBit(seen, bit - step)) setBit(result, bit);
  }
  return result;
}

const hasBit = (bits: Uint8Array, bit: number): boolean => (((bits[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;

const setBit = (bits: Uint8Array, bit: number): void => {
  bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
};

function withBit(bits: Uint8Array, bit: number): Uint8Array {
  const copy = bits.slice();
  setBit(copy, bit);
  return copy;
}
