// Hashes are signed 32-bit numbers: V8 keeps those in registers, and unsigned ones above 2^31 on the heap.

const firstHash = 0x811c9dc5 | 0;

/** FNV-1a over UTF-16 units: the same in training and at run time, on every machine. */
export function hashText(text: string): number {
  return hashPart(text, 0, text.length, firstHash);
}

/** The same over the units [from, to), from another beginning; a range that reaches beyond the text ends with it. */
export function hashPart(text: string, from: number, to: number, seed: number): number {
  const end = Math.min(to, text.length);
  let hash = seed;
  for (let at = Math.max(from, 0); at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** Mixes two hashes into one (the finalizer of MurmurHash3). */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ ((b + 0x9e3779b9) | 0), 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
