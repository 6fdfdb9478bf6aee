import { Agent, request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";

const loopbackHosts = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/u;

/** Whether an address is plain HTTP on this machine by number: a name could be made to resolve elsewhere. */
export function isLoopbackUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  return protocol === "http:" && loopbackHosts.test(hostname) && username === "" && password === "";
}

/** Its own, so that proxy variables of the environment, which may change Node's global agents, don't reach it. */
const agent = new Agent({ keepAlive: true });

/**
 * `fetch` for a model server inside the enclave's image: it speaks plain HTTP to loopback addresses, follows no
 * redirect (a 3xx is returned as it is) and knows no proxy. Throws a TypeError for any other address, before a
 * byte is sent.
 */
export const loopbackFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  if (!isLoopbackUrl(asked.url)) throw new TypeError("A model server is reached on a loopback address only.");
  const body = Buffer.from(await asked.arrayBuffer());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(
      asked.url,
      {
        agent,
        method: asked.method,
        headers: { ...Object.fromEntries(asked.headers), "content-length": String(body.length) },
        signal: asked.signal,
      },
      resolve,
    )
      .on("error", reject)
      .end(body);
  });
  return toResponse(response);
};

function toResponse(response: IncomingMessage): Response {
  const status = response.statusCode ?? 500;
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const hasBody = status !== 204 && status !== 304;
  if (!hasBody) response.resume();
  return new Response(hasBody ? Readable.toWeb(response) : null, { status, headers });
}
