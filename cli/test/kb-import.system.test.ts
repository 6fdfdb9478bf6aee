import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { ChildProcess } from "node:child_process";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@cloister/storage";
import { eventually, prepareDataFolder } from "@cloister/testing";
import { buildCli, ended, runCli, runCliWithInput, startCli, type Ended } from "./spawned-cli.ts";

// Every service starts, and every command is a process of its own, on machines that may be busy.
jest.setTimeout(180_000);

const documentCount = 60;
/** By then a good part has been sent, and a good part not. */
const interruptAfter = 5;

let folder: string;
let server: ChildProcess;
let served: Promise<Ended>;

const run = (...args: string[]): Promise<Ended> => runCli(folder, ...args);
const importDocuments = ["kb", "import", "--tenant", "tenant", "documents.jsonl", "--json"];

async function result(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run(...args);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>; // what the command prints with --json
}

async function journalLines(): Promise<number> {
  const journal = await readFile(join(folder, "tenant/knowledge-base-default.unfinished"), "utf8");
  return journal.trimEnd().split("\n").length - 1;
}

/** The sources of the one reply. */
async function sourcesFor(question: string): Promise<unknown> {
  const args = ["chat", "--tenant", "tenant", "--kb", "default", "--json"];
  const { stdout, stderr } = await runCliWithInput(folder, `${question}\n`, ...args);
  if (stdout === "") throw new Error(stderr);
  return (JSON.parse(stdout) as { sources: unknown }).sources; // a line a reply
}

beforeAll(async () => {
  await buildCli();
  folder = await mkdtemp(join(tmpdir(), "cloister-kb-"));
  await prepareDataFolder(join(folder, ".cloister"));
  server = startCli(folder, "serve", "--port", "0", "--json");
  served = ended(server);
  await eventually(() => access(join(folder, ".cloister/running.json")), { timeoutMs: 90_000, everyMs: 50 });
  await run("tenant", "init", "--out", "tenant");
  await run("policy", "sign", "--tenant", "tenant", "--development");
  await run("policy", "apply", "tenant/policy-1.note", "--tenant", "tenant", "--yes");
  const lines = Array.from({ length: documentCount }, (_, n) =>
    JSON.stringify({
      documentId: `d${n}`,
      title: `Tariff ${n}`,
      text: `The price of tariff number ${n} is ${n} euros.`,
    }),
  );
  await writeFile(join(folder, "documents.jsonl"), `${lines.join("\n")}\n`);
});

afterAll(async () => {
  server.kill("SIGKILL");
  await served;
  await rm(folder, { recursive: true, force: true });
});

describe("an import that is interrupted", () => {
  let before = 0;

  it("stops at Ctrl-C with a sentence that says how to go on", async () => {
    const child = startCli(folder, ...importDocuments);
    const end = ended(child);
    await eventually(async () => expect(await journalLines()).toBeGreaterThanOrEqual(interruptAfter), {
      timeoutMs: 90_000,
      everyMs: 5,
    });
    child.kill("SIGINT");
    const { exitCode, stderr } = await end;
    before = await journalLines();
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^cloister: INTERRUPTED: [^\n]+goes on from there\.\n$/),
    ]);
    expect(before).toBeLessThan(documentCount);
  });

  it("goes on after a kill, too, and frees the lock that it left", async () => {
    const child = startCli(folder, ...importDocuments);
    const end = ended(child);
    await eventually(async () => expect(await journalLines()).toBeGreaterThan(before), {
      timeoutMs: 90_000,
      everyMs: 5,
    });
    child.kill("SIGKILL");
    await end;
    before = await journalLines();
  });

  it("is completed by the same command, which sends the rest alone", async () => {
    const { imported, resumed, broken } = await result(...importDocuments);
    expect([imported, resumed, broken]).toEqual([documentCount - before, before, []]);
    await expect(journalLines()).rejects.toThrow("ENOENT");
  });

  it("answers from the first document and the last", async () => {
    for (const n of [0, documentCount - 1]) {
      await eventually(
        async () => {
          const sources = await sourcesFor(`What is the price of tariff number ${n}?`);
          expect(sources).toMatchObject([{ documentId: `d${n}` }]);
        },
        { timeoutMs: 90_000, everyMs: 200 },
      );
    }
  });
});

describe("a knowledge base that is removed", () => {
  it("is erased by its keys, with a receipt that is verified", async () => {
    await writeFile(join(folder, "vault.md"), "# Vault\n\nThe vault opens at noon.\n");
    await run("kb", "import", "--tenant", "tenant", "--name", "second", "vault.md");
    const removed = await result("kb", "remove", "second", "--tenant", "tenant", "--json");
    expect(removed).toMatchObject({
      name: "second",
      receipt: { isVerified: true, text: expect.stringMatching(/secret of conversation [0-9a-f]{32}, erased/) },
    });
    const listed = await run("kb", "list", "--tenant", "tenant", "--json");
    expect(listed.stdout).not.toContain("second");
  });

  it("is refused when the tenant's folder knows none of that name", async () => {
    const { exitCode, stderr } = await run("kb", "remove", "nothing", "--tenant", "tenant");
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: KNOWLEDGE_BASE_UNKNOWN: /)]);
  });
});

describe("what the system holds in the end", () => {
  it("is each document once", async () => {
    const [{ conversationId } = { conversationId: "" }] = JSON.parse(
      (await run("kb", "list", "--tenant", "tenant", "--json")).stdout,
    ) as { conversationId: string }[]; // what the command prints with --json
    server.kill("SIGTERM");
    await served;
    const db = await openDatabase({ engine: "pglite", dataDir: join(folder, ".cloister/main") });
    const counted = await db.pglite?.query(
      "select count(*)::int as passages, count(distinct cause_id)::int as documents from embedding.passage where conversation_id = $1",
      [Buffer.from(conversationId, "hex")],
    );
    await db.close();
    expect(counted?.rows).toEqual([{ passages: documentCount, documents: documentCount }]);
  });
});
