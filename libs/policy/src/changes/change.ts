import { bytesToHex } from "@noble/hashes/utils.js";
import { DAY_MS, HOUR_MS } from "../buckets.ts";

/**
 * What a change does to protection. `weakens` says that it does or may: somebody reads more, something lives longer, a
 * proof is dropped, or a comparison can't tell that none of it happens.
 */
export type Effect = "weakens" | "strengthens" | "changes";

/** One sentence of a comparison. */
export interface Said {
  readonly effect: Effect;
  /** It ends with a full stop and speaks of the time after the change. */
  readonly sentence: string;
}

export const weakens = (sentence: string): Said => ({ effect: "weakens", sentence });
export const strengthens = (sentence: string): Said => ({ effect: "strengthens", sentence });
export const changes = (sentence: string): Said => ({ effect: "changes", sentence });

export interface ListChange<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  /** Those in both lists, as they were and as they are. */
  readonly kept: readonly (readonly [T, T])[];
}

/** Compares lists whose entries are the same when they have one key; their order says nothing. */
export function compareLists<T>(before: readonly T[], after: readonly T[], keyOf: (entry: T) => string): ListChange<T> {
  const old = new Map(before.map((entry) => [keyOf(entry), entry]));
  const now = new Map(after.map((entry) => [keyOf(entry), entry]));
  return {
    added: [...now].flatMap(([key, entry]) => (old.has(key) ? [] : [entry])),
    removed: [...old].flatMap(([key, entry]) => (now.has(key) ? [] : [entry])),
    kept: [...old].flatMap(([key, was]) => {
      const is = now.get(key);
      return is === undefined ? [] : [[was, is] as const];
    }),
  };
}

export const itself = (text: string): string => text;

/** The beginning of a key or digest, enough to know it by. */
export function shortHex(bytes: Uint8Array): string {
  return `${bytesToHex(bytes.subarray(0, 8))}…`;
}

export const timeText = (ms: number): string => new Date(ms).toISOString();

/** "1 day", "30 days", "36 hours". */
export function durationText(ms: number): string {
  if (ms % DAY_MS === 0) return counted(ms / DAY_MS, "day");
  return counted(Math.round((ms / HOUR_MS) * 100) / 100, "hour");
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
