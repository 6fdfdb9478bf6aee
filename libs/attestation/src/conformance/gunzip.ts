/** What gzip (RFC 1952) packed; undefined if it isn't gzip, is cut, or unpacks to more than `maxBytes`. */
export async function gunzip(packed: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  const stream = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  const unpacked = new Uint8Array(maxBytes);
  let length = 0;
  try {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return unpacked.slice(0, length);
      if (length + value.length > maxBytes) {
        await reader.cancel();
        return undefined;
      }
      unpacked.set(value, length);
      length += value.length;
    }
  } catch {
    return undefined; // the stream fails on everything that isn't whole gzip
  }
}
