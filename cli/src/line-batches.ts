import type { Readable } from "node:stream";

/** A line without its end, or undefined for one that is too long to be kept. */
export type Line = Buffer | undefined;

const newline = 0x0a;

/**
 * The lines of a stream, in batches as they arrive, so that whoever types sees an answer at once. Only "\n" ends a
 * line: JSON may hold U+2028, which `node:readline` would cut at. Lines over `mostBytes` are dropped as they come in.
 */
export async function* lineBatches(input: Readable, mostBytes: number): AsyncGenerator<Line[]> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const taken = (): Line => {
    const line = pendingBytes > mostBytes ? undefined : Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    return line;
  };
  const keep = (part: Buffer): void => {
    pendingBytes += part.length;
    if (pendingBytes > mostBytes) pending = [];
    else pending.push(part);
  };
  for await (const chunk of input) {
    const bytes = bytesOf(chunk);
    const batch: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      keep(bytes.subarray(start, end));
      batch.push(taken());
      start = end + 1;
    }
    keep(bytes.subarray(start));
    if (batch.length > 0) yield batch;
  }
  if (pendingBytes > 0) yield [taken()];
}

/** A chunk of a byte stream, or of one that somebody has given an encoding. */
export function bytesOf(chunk: unknown): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (Buffer.isBuffer(chunk)) return chunk;
  throw new TypeError("the input is not a stream of bytes");
}
