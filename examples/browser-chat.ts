// A browser application: the page makes its keys, verifies, seals and restores names; this server admits it and passes
// sealed bytes on, so that the access token and the admission key never reach the browser.
// Then: npm run example -- browser-chat
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { accessToken, admit, baseUrl, flags, tenantId } from "./setup/development.ts";

const folder = join(import.meta.dirname, "browser-chat");
const { outputFiles } = await build({
  entryPoints: [join(folder, "page.js")],
  bundle: true,
  minify: true,
  format: "esm",
  write: false,
});
const script = outputFiles[0]?.contents ?? new Uint8Array();
const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>Cloister in a browser</title>
  <style>
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
    ol { list-style: none; padding: 0; }
    .typed { font-weight: 600; }
    .status { color: #8a5a00; }
    form { display: flex; gap: 0.5rem; }
    input { flex: 1; font: inherit; padding: 0.4rem; }
    button { font: inherit; }
  </style>
  <h1>Sealed in this browser</h1>
  <p id="trust" role="status">Verifying…</p>
  <ol id="turns" aria-live="polite"></ol>
  <form>
    <label for="text" hidden>Message</label>
    <input id="text" autocomplete="off" placeholder="A message" required />
    <button>Send</button>
  </form>
  <script type="module" src="/page.js"></script>
</html>`;

/** A real backend asks first who the user is: this is where its own session is checked. */
async function admission(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { kem, signing } = JSON.parse(await text(incoming)) as { readonly kem: string; readonly signing: string };
  const signed = await admit({
    clientKemPublicKey: Buffer.from(kem, "base64"),
    clientSigningPublicKey: Buffer.from(signing, "base64"),
  });
  outgoing.writeHead(200, { "content-type": "application/octet-stream" }).end(signed);
}

/** Sealed bytes in both directions, streams as they come. */
function passOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const url = new URL(incoming.url ?? "/", baseUrl);
  const headers = { ...incoming.headers, host: url.host, authorization: `Bearer ${accessToken}` };
  const passed = request(url, { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    answer.pipe(outgoing);
  });
  passed.on("error", () => outgoing.destroy());
  outgoing.on("close", () => passed.destroy());
  incoming.pipe(passed);
}

const server = createServer((incoming, outgoing) => {
  const path = incoming.url ?? "/";
  if (path.startsWith("/v1/")) passOn(incoming, outgoing);
  else if (path === "/admission" && incoming.method === "POST") {
    admission(incoming, outgoing).catch(() => outgoing.writeHead(400).end());
  } else if (path === "/page.js") outgoing.writeHead(200, { "content-type": "text/javascript" }).end(script);
  else if (path === "/tenant") outgoing.writeHead(200).end(Buffer.from(tenantId).toString("hex"));
  else if (path === "/") outgoing.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  else if (path === "/favicon.ico") outgoing.writeHead(204).end();
  else outgoing.writeHead(404).end();
});
server.listen(Number(flags.port), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`Open http://127.0.0.1:${address.port}/`);
});
