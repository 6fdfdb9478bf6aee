/** An issuer's documents have a few kilobytes. */
const maxBytes = 128 * 1024;

/** A GET that follows no redirect and reads no more than 128 KiB. @throws TypeError for a larger body, or as `fetch` */
export async function boundedFetch(
  url: string,
  options: { readonly signal: AbortSignal; readonly headers?: Headers },
): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: "error", credentials: "omit" });
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (!response.ok || response.body === null) throw new TypeError("the answer is no success");
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (size > maxBytes) throw new TypeError("the answer is too large");
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: 200 });
}
