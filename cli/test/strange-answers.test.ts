import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { command } from "./captured-terminal.ts";

const escape = "\u001b]0;trusted\u0007";
const id = "ab".repeat(16);
const token = {
  id,
  tenantIdHex: id,
  scopes: ["replies:read"],
  label: "support",
  createdAtMs: 0,
  createdBy: null,
  expiresAtMs: 0,
  lastUsedAtMs: null,
  revokedAtMs: null,
};
const letter = {
  id: "redaction-0-1",
  service: "redaction",
  topic: "chat.inbound.v1",
  code: "KEY_EXPIRED",
  retryable: false,
  atMs: 0,
  keptUntilMs: 0,
  bytes: 1,
  tenantId: null,
  conversationId: null,
  messageId: null,
};
const status = { nowMs: 0, keysDue: 0, stores: [], purges: [], receipts: [] };

let server: Server;
let url: string;
let answer: { readonly status: number; readonly body: unknown };
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  url = `http://127.0.0.1:${address.port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const ingest = () => ["--url", url, "--token", "token"];
const retention = () => ["--retention-url", url, "--retention-token", "token"];
const operations = () => ["--operations-url", url, "--operations-token", "token"];

describe("an answer that would have the terminal do something", () => {
  it.each<[string, () => readonly string[], unknown]>([
    ["a token's id", () => ["token", "list", ...ingest()], { tokens: [{ ...token, id: escape }], nextAfter: null }],
    ["a scope", () => ["token", "list", ...ingest()], { tokens: [{ ...token, scopes: [escape] }], nextAfter: null }],
    [
      "a token",
      () => ["token", "create", "--label", "a", "--scope", "replies:read", ...ingest()],
      { ...token, token: escape },
    ],
    [
      "a dead letter's id",
      () => ["dlq", "list", ...operations()],
      { letters: [{ ...letter, id: escape }], total: 1, next: null },
    ],
    ["a topic", () => ["dlq", "show", "redaction-0-1", ...operations()], { ...letter, topic: escape, envelope: null }],
    [
      "a table",
      () => ["retention", "status", ...retention()],
      { ...status, stores: [{ table: escape, buckets: 0, due: 0, nextEndMs: null, lastEndMs: null }] },
    ],
  ])("as %s is taken for no answer", async (_what, args, body) => {
    answer = { status: 200, body };
    const { stdout, stderr } = await command(...args());
    expect(stderr).toMatch(/^cloister: ANSWER_MALFORMED: /u);
    expect(stdout + stderr).not.toContain("\u001b");
  });

  it("as a refusal's sentence is shown without what a terminal obeys, and no longer than a screen", async () => {
    answer = { status: 400, body: { code: "MALFORMED", detail: `${escape}${"no ".repeat(100_000)}` } };
    const { stderr } = await command("token", "list", ...ingest());
    expect(stderr).toMatch(/^cloister: MALFORMED: .*trusted/u);
    expect(stderr).not.toContain("\u001b");
    expect(stderr.length).toBeLessThan(1_100);
  });

  it("is printed when it is none", async () => {
    answer = { status: 200, body: { tokens: [token], nextAfter: null } };
    expect((await command("token", "list", ...ingest())).stdout).toContain(id);
    answer = { status: 200, body: { letters: [letter], total: 1, next: null } };
    expect((await command("dlq", "list", ...operations())).stdout).toContain("redaction-0-1");
  });
});
