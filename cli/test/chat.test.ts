import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { ClientError, type ReplyReceived } from "@cloister/client";
import { answerJson, answerLines, sealedOf, statusOf } from "../src/chat/answer.ts";
import { LiveDisplay } from "../src/chat/live-display.ts";
import { typedLines } from "../src/chat/typed-lines.ts";
import { command } from "./captured-terminal.ts";

const reply: ReplyReceived = {
  kind: "reply",
  eventId: "1",
  messageId: new Uint8Array(16).fill(1),
  causeId: new Uint8Array(16).fill(2),
  createdAtMs: 3,
  text: "Hello Zoë.",
  rawText: "Hello [PERSON_1].",
  sources: [{ documentId: "a", title: "Cards" }],
  model: "extractive",
};
const sealed = sealedOf(new Uint8Array(2000).fill(0xab));

const typed = (stdin: Readable, interrupt = new AbortController()) =>
  typedLines({ stdin, stdout: new Writable(), stderr: new Writable(), env: {} }, interrupt);

describe("what comes through a pipe", () => {
  it("is a message a line, without the empty ones; a line that can't be read stands as such", async () => {
    const bytes = Buffer.concat([
      Buffer.from("one\r\n\n  \ntwo\u2028still two\n"),
      Buffer.from([0x61, 0xff, 0x0a]),
      Buffer.alloc(600_000, "x"),
      Buffer.from("\nlast"),
    ]);
    const lines: (string | undefined)[] = [];
    for await (const line of typed(Readable.from([bytes], { objectMode: false }))) lines.push(line);
    expect(lines).toEqual(["one", "two\u2028still two", undefined, undefined, "last"]);
  });

  it("ends at an interrupt though the pipe stays open", async () => {
    const stdin = new PassThrough();
    const interrupt = new AbortController();
    stdin.write("one\n");
    const lines: (string | undefined)[] = [];
    for await (const line of typed(stdin, interrupt)) {
      lines.push(line);
      setImmediate(() => {
        interrupt.abort();
      });
    }
    expect(lines).toEqual(["one"]);
  });
});

describe("an answer", () => {
  it("shows the names restored and its sources in brackets", () => {
    const lines = answerLines({ kind: "reply", reply, sealed: undefined });
    expect(lines).toEqual(["Hello Zoë.", expect.stringContaining("[Cards]")]);
  });

  it("shows what was sent and what the model wrote when asked to", () => {
    const shown = answerLines({ kind: "reply", reply, sealed }).join("\n");
    expect(shown).toMatch(/2000 bytes, (ab){16}…[^]*Hello \[PERSON_1\]\.[^]*Hello Zoë\./);
  });

  it("can't move the cursor of the terminal", () => {
    const sources = [{ documentId: "a", title: "\u001b]0;title\u0007" }];
    const lines = answerLines({
      kind: "reply",
      reply: { ...reply, text: "\u001b[2Jgone\r", sources },
      sealed: undefined,
    });
    expect(lines[0]).toBe("\ufffd[2Jgone\ufffd");
    expect(lines[1]).toContain("[\ufffd]0;title\ufffd]");
  });

  it("is one line of JSON, with what the model wrote only when asked to", () => {
    expect(JSON.parse(answerJson({ kind: "reply", reply, sealed: undefined }, "0a"))).toEqual({
      conversationId: "0a",
      messageId: "01".repeat(16),
      causeId: "02".repeat(16),
      createdAt: "1970-01-01T00:00:00.003Z",
      text: "Hello Zoë.",
      sources: [{ documentId: "a", title: "Cards" }],
      model: "extractive",
    });
    expect(JSON.parse(answerJson({ kind: "reply", reply, sealed }, "0a"))).toMatchObject({
      rawText: "Hello [PERSON_1].",
      sealed: { bytes: 2000, firstBytesHex: "ab".repeat(16) },
    });
  });
});

describe("an answer that is shown while it comes", () => {
  const causeId = new Uint8Array(16).fill(2);

  /** What stands on the screen after these pieces and, unless the message failed, that reply. */
  function screen(pieces: readonly string[], finalText: string | undefined, options: { sealed?: typeof sealed } = {}) {
    let text = "";
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const display = new LiveDisplay({ stdin: new PassThrough(), stdout, stderr: stdout, exitCode: 0, env: {} });
    let textSoFar = "";
    for (const [n, piece] of pieces.entries()) {
      textSoFar += piece;
      if (piece === "!") display.onLive({ kind: "live-stopped", causeId, code: "OUT_OF_ORDER" });
      else display.onLive({ kind: "live", causeId, text: piece, textSoFar, cells: n + 1, cellBytes: 291 });
    }
    display.end(
      finalText === undefined
        ? { kind: "status", code: "MODEL_TIMEOUT", retryable: false }
        : { kind: "reply", reply: { ...reply, text: finalText, sources: [] }, sealed: options.sealed },
    );
    return text;
  }

  it("is completed by its reply", () => {
    expect(screen(["Hello ", "Zo\u00eb"], "Hello Zoë, five days.")).toBe("Hello Zoë, five days.\n");
  });

  it("is printed once when nothing came before the reply", () => {
    expect(screen([], "Hello Zoë.")).toBe("Hello Zoë.\n");
  });

  it("is printed whole when the reply says something else", () => {
    expect(screen(["Hello "], "Good day.")).toMatch(/^Hello \n.*the whole answer:.*\nGood day\.\n$/u);
  });

  it("says why no more of it came, and is printed whole", () => {
    expect(screen(["Hello ", "!"], "Hello Zoë.")).toMatch(/^Hello .*OUT_OF_ORDER[^\n]*\n[^\n]*\nHello Zoë\.\n$/u);
  });

  it("gives way to the status of a message that failed", () => {
    expect(screen(["Hello "], undefined)).toMatch(/^Hello \n.*\(no reply: MODEL_TIMEOUT\)/u);
  });

  it("can't move the cursor of the terminal", () => {
    expect(screen(["\u001b[2J", "gone"], "\u001b[2Jgone")).toBe("\ufffd[2Jgone\n");
  });

  it("says in how many cells of what size it came when asked to", () => {
    expect(screen(["Hello ", "Zoë."], "Hello Zoë.", { sealed })).toMatch(/2000 bytes[^]*2 sealed cells of 291 bytes/u);
  });
});

describe("a message without a reply", () => {
  it("is a status with the pipeline's code", () => {
    const status = statusOf(new ClientError("REPLY_FAILED", "no", { problem: "PARKED_TOO_LONG", retryable: true }));
    expect(answerLines(status).join()).toContain("(no reply: PARKED_TOO_LONG)");
    expect(answerJson(status, "0a")).toBe(
      '{"conversationId":"0a","failed":{"code":"PARKED_TOO_LONG","retryable":true}}',
    );
  });

  it("ends the chat when no other message would fare better", () => {
    const refused = new ClientError("AUTHORITY_UNTRUSTED", "no");
    expect(() => statusOf(refused)).toThrow(refused);
  });
});

describe("cloister chat", () => {
  let folder: string;
  let tenant: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-chat-"));
    tenant = join(folder, "tenant");
    await command("tenant", "init", "--out", tenant);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ["the knowledge base is not known", "KNOWLEDGE_BASE_UNKNOWN", ["--kb", "none"]],
    ["nothing runs", "NOT_RUNNING", []],
  ])("refuses when %s", async (_when, code, args) => {
    const { exitCode, stderr } = await command("chat", "--tenant", tenant, "--data", folder, ...args);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^cloister: ${code}: [^\n]+\n$`))]);
  });

  it("exits 2 for more knowledge bases than an admission names", async () => {
    const names = Array.from({ length: 17 }, (_, n) => `kb${n}`);
    expect((await command("chat", "--tenant", tenant, "--kb", ...names)).exitCode).toBe(2);
  });
});
