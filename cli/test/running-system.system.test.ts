import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@cloister/testing";
import {
  buildCli,
  ended,
  runCli,
  runCliWithInput,
  runExample,
  runExampleWithInput,
  startCli,
  startCliWithPipe,
  type Ended,
} from "./spawned-cli.ts";

// Every service starts, and every command is a process of its own, on machines that may be busy.
jest.setTimeout(120_000);

let folder: string;
let server: ChildProcess;
let served: Promise<Ended>;
let url: string;

const run = (...args: string[]): Promise<Ended> => runCli(folder, ...args);
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { stdout, stderr } = await run(...args, "--json");
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};
/** The exit code and the stable code of the one line on standard error. */
const refusal = async (...args: string[]): Promise<readonly [number | null, string]> => {
  const { exitCode, stderr } = await run(...args);
  return [exitCode, /^cloister: ([A-Z_]+): [^\n]+\n$/.exec(stderr)?.[1] ?? stderr];
};

const limits = { documentId: "limits", title: "Limits", text: "The daily withdrawal limit is 500 euros." };

/** What `publish-events` prints of a line. */
interface Published {
  readonly conversationId?: string;
  readonly failed?: string;
}

interface Reply {
  readonly text: string;
  readonly sources: readonly unknown[];
}

/** The replies to a chat's lines, as soon as each is answered from a document: indexing goes on after an import. */
const sourced = (...lines: readonly string[]): Promise<Reply[]> =>
  eventually(
    async () => {
      const args = ["chat", "--tenant", "tenant", "--kb", "default", "--show-sealed", "--json"];
      const { exitCode, stdout, stderr } = await runCliWithInput(folder, `${lines.join("\n")}\n`, ...args);
      if (exitCode !== 0) throw new Error(stderr);
      const replies = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Reply]));
      expect(replies.map(({ sources }) => sources)).not.toContainEqual([]);
      return replies;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );

beforeAll(async () => {
  await buildCli();
  folder = await mkdtemp(join(tmpdir(), "cloister-cli-"));
  server = startCli(folder, "serve", "--port", "0", "--json");
  served = ended(server);
  const running = await eventually(() => readFile(join(folder, ".cloister/running.json"), "utf8"), {
    timeoutMs: 90_000,
    everyMs: 50,
  });
  url = (JSON.parse(running) as { url: string }).url;
  await run("tenant", "init", "--out", "tenant", "--name", "Acme");
  await run("policy", "sign", "--tenant", "tenant", "--development");
  await run("policy", "apply", "tenant/policy-1.note", "--tenant", "tenant");
});

afterAll(async () => {
  server.kill("SIGKILL");
  await served;
  await rm(folder, { recursive: true, force: true });
});

describe("a running system", () => {
  it("leaves its tokens in a file that its owner alone can read", async () => {
    expect((await stat(join(folder, ".cloister/running.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, ".cloister/logs/cloister.log"))).mode & 0o777).toBe(0o600);
  });

  it("has the policy in force that the tenant signed", async () => {
    const { policy } = await json("policy", "show", "--tenant", "tenant");
    const { tenantId } = JSON.parse(await readFile(join(folder, "tenant/tenant.json"), "utf8")) as { tenantId: string };
    expect(policy).toMatchObject({ tenantId, version: 1, preset: "standard", development: true });
  });

  it("answers a first message of an own program, with the name put back", async () => {
    const { stdout, stderr } = await runExample(folder, "first-message", "Hello, I am Marisol Quintanilla.");
    expect(stdout + stderr).toContain("Marisol Quintanilla");
    const log = await readFile(join(folder, ".cloister/logs/cloister.log"), "utf8");
    expect(log).not.toContain("Quintanilla");
  });

  it("says what is kept until when, and that nothing is due", async () => {
    await runExample(folder, "first-message");
    const { exitCode, stdout } = await run("retention", "status");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/Nothing is due[^]*redaction\.map_entry/)]);
    expect(await json("retention", "run")).toEqual({ purges: [], receipts: [] });
  });

  it("answers a chat from imported documents, with their source and the name put back", async () => {
    await writeFile(
      join(folder, "cards.md"),
      "# Card delivery\n\nA new debit card arrives within five working days.\n",
    );
    await writeFile(join(folder, "limits.jsonl"), `broken\n${JSON.stringify(limits)}\n`);
    const imported = await run("kb", "import", "--tenant", "tenant", "cards.md", "limits.jsonl");
    expect([imported.exitCode, imported.stderr]).toEqual([
      1,
      expect.stringMatching(/^limits\.jsonl, line 1: not JSON\ncloister: DOCUMENTS_BROKEN: /),
    ]);
    const [card, limit] = await sourced("I am Zoë Quintanilla. When does my debit card arrive?", "Withdrawal limit?");
    expect(card).toMatchObject({
      text: expect.stringMatching(/Zoë Quintanilla[^]*five working days/),
      rawText: expect.stringContaining("[PERSON_1]"),
      sources: [{ documentId: "cards.md", title: "Card delivery" }],
      sealed: { firstBytesHex: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(limit).toMatchObject({ text: expect.stringContaining("500 euros"), sources: [{ title: "Limits" }] });
    expect(await readFile(join(folder, ".cloister/logs/cloister.log"), "utf8")).not.toContain("Quintanilla");
  });

  it("replaces a document that is imported again", async () => {
    await writeFile(
      join(folder, "cards.md"),
      "# Card delivery\n\nA new debit card arrives within nine working days.\n",
    );
    expect((await run("kb", "import", "--tenant", "tenant", "cards.md")).exitCode).toBe(0);
    const answer = await eventually(
      async () => {
        const [reply] = await sourced("When does my debit card arrive?");
        expect(reply?.text).toContain("nine working days");
        return reply;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(answer?.text).not.toContain("five working days");
  });

  it("imports nothing into a knowledge base that it doesn't know", async () => {
    const file = join(folder, "tenant/knowledge-bases.json");
    const known = await readFile(file, "utf8");
    const { knowledgeBases } = JSON.parse(known) as { knowledgeBases: { state: { conversationId: string } }[] };
    const id = knowledgeBases[0]?.state.conversationId ?? "";
    await writeFile(file, known.replaceAll(id, Buffer.alloc(16, 7).toString("base64")));
    expect(await refusal("kb", "import", "--tenant", "tenant", "cards.md")).toEqual([1, "KNOWLEDGE_BASE_UNKNOWN"]);
    await writeFile(file, known);
  });

  it("lets a chat be left with Ctrl-C, though more could be typed", async () => {
    const chat = startCliWithPipe(folder, "chat", "--tenant", "tenant");
    chat.stdout?.once("data", () => chat.kill("SIGINT"));
    chat.stdin?.write("Hello?\n");
    const left = { exitCode: 0, stderr: expect.stringMatching(/^Conversation [0-9a-f]{32}\n$/u) };
    expect(await ended(chat)).toMatchObject(left);
  });

  it("lets a support tool read the replies with its own key and a token that can nothing else", async () => {
    const recipient = ["--recipient", "support.key.public.json"];
    await run("recipient", "init", "--out", "support.key", "--name", "support-desk", "--map");
    await run("policy", "sign", "--tenant", "tenant", "--development", "--out", "support.note", ...recipient);
    await run("policy", "apply", "support.note", "--tenant", "tenant", "--yes");
    const { token } = await json("token", "create", "--tenant", "tenant", "--label", "desk", "--scope", "replies:read");
    const published = await runExampleWithInput(
      folder,
      "publish-events",
      '{"customer":"a","text":"I am Marisol Quintanilla."}\nnonsense\n',
    );
    const [first, second] = published.stdout
      .split("\n")
      .slice(0, 2)
      .map((line) => JSON.parse(line) as Published);
    const id = first?.conversationId ?? "";

    const { tenantId } = JSON.parse(await readFile(join(folder, "tenant/tenant.json"), "utf8")) as { tenantId: string };
    const door = ["--url", url, "--token", String(token), "--development"];
    const read = await run("replies", "--tenant", tenantId, "--key", "support.key", ...door, "--wait", "10", id);
    expect([published.exitCode, second?.failed]).toEqual([1, "LINE_MALFORMED"]);
    expect([read.exitCode, read.stderr]).toEqual([0, ""]);
    expect(read.stdout).toContain("Marisol Quintanilla");
    expect((await runExample(folder, "support-tool", id)).stdout).toContain("Marisol Quintanilla");
    expect(await refusal("policy", "apply", "support.note", "--tenant", "tenant", ...door, "--yes")).toEqual([
      1,
      "INSUFFICIENT_SCOPE",
    ]);
  });

  it("is found well by doctor, down to a message that is answered", async () => {
    const { exitCode, stdout } = await run("doctor", "--tenant", "tenant", "--round-trip", "--json");
    const results = (JSON.parse(stdout) as { check: string; result: string }[]).map(({ check, result }) => [
      check,
      result,
    ]);
    expect([exitCode, Object.fromEntries(results)]).toMatchObject([0, { code: "ok", "round trip": "ok" }]);
  });

  it("refuses an older policy than the one in force", async () => {
    await run("policy", "sign", "--tenant", "tenant", "--development", "--keep", "log=7", "--version", "10");
    expect((await run("policy", "apply", "tenant/policy-10.note", "--tenant", "tenant")).exitCode).toBe(0);
    expect(await refusal("policy", "apply", "tenant/policy-1.note", "--tenant", "tenant")).toEqual([1, "POLICY_STALE"]);
  });

  it("shows what a policy changes, and applies what weakens protection only when that is meant", async () => {
    await run("policy", "sign", "--tenant", "tenant", "--development", "--keep", "log=60", "--version", "11");
    const note = ["tenant/policy-11.note", "--tenant", "tenant"];
    const sentence = "Earlier turns of conversations will be kept 60 days instead of 7 days.";
    const diff = await run("policy", "diff", ...note);
    const unasked = await run("policy", "apply", ...note);
    expect([diff.exitCode, unasked.exitCode]).toEqual([3, 1]);
    for (const shown of [diff.stdout, unasked.stdout]) expect(shown).toContain(sentence);
    expect(unasked.stderr).toMatch(/^cloister: CONFIRMATION_REQUIRED: /u);
    expect((await run("policy", "apply", ...note, "--yes")).exitCode).toBe(0);
    expect(await run("policy", "diff", ...note)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Both say the same."),
    });
  });

  it("refuses a policy of another tenant, and one that was changed after it was signed", async () => {
    await run("tenant", "init", "--out", "other");
    const note = await readFile(join(folder, "tenant/policy-1.note"), "utf8");
    await writeFile(join(folder, "changed.note"), note.replace('"history": true', '"history": false'));
    const [foreign, changed] = await Promise.all([
      refusal("policy", "apply", "tenant/policy-1.note", "--tenant", "other"),
      refusal("policy", "apply", "changed.note", "--tenant", "tenant"),
    ]);
    expect([foreign, changed]).toEqual([
      [1, "TENANT_FOREIGN"],
      [1, "SIGNATURE_INVALID"],
    ]);
  });

  it("refuses a wrong access token", async () => {
    const args = ["policy", "show", "--tenant", "tenant", "--url", url, "--token", "wrong", "--development"];
    expect(await refusal(...args)).toEqual([1, "TOKEN_UNKNOWN"]);
  });

  it("makes a token that can read replies and nothing else, shows it, and ends it", async () => {
    const made = await json(
      "token",
      "create",
      "--tenant",
      "tenant",
      "--label",
      "support desk",
      "--scope",
      "replies:read",
    );
    const withIt = ["--tenant", "tenant", "--url", url, "--token", String(made["token"]), "--development"];
    expect((await run("policy", "show", ...withIt)).exitCode).toBe(0);
    expect(await refusal("policy", "apply", "tenant/policy-1.note", ...withIt)).toEqual([1, "INSUFFICIENT_SCOPE"]);
    expect((await run("token", "list", "--tenant", "tenant")).stdout).toContain("support desk");
    expect((await run("token", "revoke", String(made["id"]))).exitCode).toBe(0);
    expect(await refusal("policy", "show", ...withIt)).toEqual([1, "TOKEN_REVOKED"]);
  });

  it("refuses a scope that there isn't, and an id that is none", async () => {
    const make = ["token", "create", "--tenant", "tenant", "--label", "x", "--scope", "everything"];
    expect(await Promise.all([refusal(...make), refusal("token", "revoke", "x")])).toEqual([
      [1, "MALFORMED"],
      [1, "MALFORMED"],
    ]);
  });

  it("doesn't share its data folder, nor its port, and says whose they are", async () => {
    const { port } = new URL(url);
    const [locked, busy] = await Promise.all([
      run("serve", "--port", "0"),
      run("serve", "--data", "new", "--port", port),
    ]);
    expect([locked.exitCode, locked.stderr]).toEqual([1, expect.stringContaining(`in use by process ${server.pid}`)]);
    expect([busy.exitCode, busy.stderr]).toEqual([1, expect.stringContaining(`cloister: PORT_IN_USE: Port ${port}`)]);
    await expect(stat(join(folder, "new/running.json"))).rejects.toThrow("ENOENT");
  });

  it("doesn't start in a folder that can't be made", async () => {
    expect(await refusal("serve", "--data", "tenant/tenant.json/data")).toEqual([1, "DATA_FOLDER_UNUSABLE"]);
  });

  it("drains at SIGTERM, exits 0 and is not found any more", async () => {
    server.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await served;
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      url,
      missing: expect.arrayContaining([expect.stringMatching(/simulated/)]),
    });
    expect(await refusal("retention", "status")).toEqual([1, "NOT_RUNNING"]);
  });
});
