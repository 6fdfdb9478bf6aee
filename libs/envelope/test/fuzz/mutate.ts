/** A small seeded generator (mulberry32), so that a finding can be replayed from its seed. Integers from 0 to below `n`. */
export function generator(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** Bytes that mean something in this format: tags, ends of varints, lengths of its fields. */
const TELLING = [0x00, 0x01, 0x08, 0x0a, 0x10, 0x12, 0x1a, 0x20, 0x22, 0x28, 0x2a, 0x30, 0x32, 0x40, 0x7f, 0x80, 0xff];

/** `bytes` after one to four edits; `other` is where pieces are spliced in from. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: (n: number) => number): Uint8Array {
  let changed = [...bytes];
  for (let edits = 1 + random(4); edits > 0; edits--) changed = edit(changed, other, random);
  return Uint8Array.from(changed);
}

function edit(bytes: number[], other: Uint8Array, random: (n: number) => number): number[] {
  // Half of the edits go to the front, where header and framing are and most decisions are made.
  const at = random(2) === 0 ? random(Math.min(bytes.length, 160) + 1) : random(bytes.length + 1);
  const length = 1 + random(random(4) === 0 ? 64 : 4);
  const telling = TELLING[random(TELLING.length)] ?? 0;
  switch (random(8)) {
    case 0:
      return bytes.toSpliced(at, 1, (bytes[at] ?? 0) ^ (1 << random(8)));
    case 1:
      return bytes.toSpliced(at, 1, telling);
    case 2:
      return bytes.toSpliced(at, 0, telling);
    case 3:
      return bytes.toSpliced(at, length);
    case 4:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + length));
    case 5:
      return bytes.slice(0, at);
    case 6: {
      const from = random(other.length + 1);
      return bytes.toSpliced(at, length, ...other.subarray(from, from + length));
    }
    default:
      return bytes.toSpliced(at, 1, ((bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255)) & 0xff);
  }
}
