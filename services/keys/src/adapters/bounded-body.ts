/** The body as JSON; undefined when it is none or longer than `maxBytes`: a KMS is the tenant's, the memory is ours. */
export async function boundedJson(response: Response, maxBytes: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  const body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = response.body ?? [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
