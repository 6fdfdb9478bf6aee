import { sha384 } from "@noble/hashes/sha2.js";
import { lengthPrefixed } from "../length-prefixed.ts";
import type { AttestedRole } from "../roles.ts";

export interface MeasuredFile {
  /** Relative to the service's folder, with `/`; the same on every machine. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The measurement that simulated evidence states: SHA-384 over "cloister/v1 measurement", the role, and path and
 * SHA-384 of each file in the order of their paths. 48 bytes; the order of `files` doesn't matter.
 * @throws RangeError if a path comes twice.
 */
export function measureFiles(role: AttestedRole, files: readonly MeasuredFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (new Set(sorted.map((file) => file.path)).size !== sorted.length) {
    throw new RangeError("A path was measured twice.");
  }
  const fields = sorted.flatMap((file) => [file.path, sha384(file.bytes)]);
  return sha384(lengthPrefixed(["cloister/v1 measurement", role, ...fields]));
}
