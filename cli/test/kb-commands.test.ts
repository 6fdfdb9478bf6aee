import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConversationState } from "@cloister/client";
import { importingAlone, keepKnowledgeBase, readKnowledgeBases } from "../src/kb/knowledge-bases.ts";
import { command } from "./captured-terminal.ts";

let folder: string;
let tenant: string;
let document: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-kb-"));
  tenant = join(folder, "tenant");
  document = join(folder, "cards.md");
  await command("tenant", "init", "--out", tenant);
  await writeFile(document, "# Cards\n\nFive days.");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const state = { version: 1 } as ConversationState; // kept and given back as it is: what is in it is the SDK's concern
const named = (name: string, importedAtMs: number) => ({
  name,
  conversationId: "ab".repeat(16),
  importedAtMs,
  state,
});

describe("the knowledge bases of a tenant's folder", () => {
  it("are kept where their owner alone can read them, one of each name", async () => {
    await keepKnowledgeBase(tenant, named("default", 1));
    await keepKnowledgeBase(tenant, named("other", 2));
    await keepKnowledgeBase(tenant, named("default", 3));
    expect(await readKnowledgeBases(tenant)).toEqual([named("other", 2), named("default", 3)]);
    expect((await stat(join(tenant, "knowledge-bases.json"))).mode & 0o777).toBe(0o600);
  });

  it("are listed without their keys", async () => {
    const { stdout } = await command("kb", "list", "--tenant", tenant, "--json");
    expect(JSON.parse(stdout)).toContainEqual({
      name: "default",
      conversationId: "ab".repeat(16),
      importedAt: "1970-01-01T00:00:00.003Z",
    });
    expect(stdout).not.toContain("state");
  });

  it("are imported into by one import at a time, and the lock goes with the import", async () => {
    const second = importingAlone(tenant, () =>
      command("kb", "import", "--tenant", tenant, document, "--url", "http://127.0.0.1:9", "--token", "token"),
    );
    expect((await second).stderr).toMatch(/^cloister: KNOWLEDGE_BASES_BUSY: .*knowledge-bases\.lock/);
    expect(await importingAlone(tenant, () => Promise.resolve("alone"))).toBe("alone");
  });

  it("are free again when the process that locked them is no more", async () => {
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    await writeFile(join(tenant, "knowledge-bases.lock"), `${gone}\n`);
    expect(await importingAlone(tenant, () => Promise.resolve("free"))).toBe("free");
  });

  it.each([
    ["KEY_FILE_OPEN", (file: string) => chmod(file, 0o644)],
    ["KNOWLEDGE_BASES_MALFORMED", (file: string) => writeFile(file, '{"format":"another"}')],
  ])("are refused with %s", async (code, spoil) => {
    const file = join(tenant, "knowledge-bases.json");
    const before = await readFile(file);
    await spoil(file);
    await expect(readKnowledgeBases(tenant)).rejects.toThrow(expect.objectContaining({ code }));
    await writeFile(file, before);
    await chmod(file, 0o600);
  });
});

describe("cloister kb import", () => {
  it.each([
    ["nothing runs", "NOT_RUNNING", () => command("kb", "import", "--tenant", tenant, document, "--data", folder)],
    ["the tenant is not there", "TENANT_MALFORMED", () => command("kb", "import", "--tenant", folder, document)],
  ])("refuses when %s", async (_when, code, refused) => {
    const { exitCode, stderr } = await refused();
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^cloister: ${code}: [^\n]+\n$`))]);
  });

  it("opens no knowledge base when no file can be imported, and says so", async () => {
    const address = ["--url", "http://127.0.0.1:9", "--token", "token"];
    const none = join(folder, "none.md");
    const { exitCode, stdout, stderr } = await command("kb", "import", "--tenant", tenant, none, "--json", ...address);
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      1,
      {
        name: "default",
        conversationId: null,
        imported: 0,
        resumed: 0,
        broken: [{ file: none, reason: "can't be read (ENOENT)" }],
      },
    ]);
    expect(stderr).toMatch(/can't be read \(ENOENT\)\ncloister: DOCUMENTS_BROKEN: [^\n]+\n$/);
  });

  it.each([[["kb", "import", "--tenant", "t"]], [["kb", "import", "a.md", "--tenant", "t", "--name", "a b"]]])(
    "exits 2 for %j",
    async (args) => {
      expect((await command(...args)).exitCode).toBe(2);
    },
  );
});
