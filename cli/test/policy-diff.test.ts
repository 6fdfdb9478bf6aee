import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { confirmed } from "../src/policy/confirm.ts";
import { command } from "./captured-terminal.ts";

const allowed = [{ measurement: "ab".repeat(48), configurationDigest: "cd".repeat(48) }];
const fields = {
  measurements: { keys: allowed, redaction: allowed, "enclave-inference": allowed, embedding: allowed },
  kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/acme" },
  hardware: { "aws-nitro": {} },
};
const topic = { name: "trading", phrases: ["insider trad*"], sentence: "Ask compliance." };

let folder: string;
const inFolder = (name: string) => join(folder, name);
const diff = (...names: string[]) => command("policy", "diff", ...names.map(inFolder));

async function sign(tenant: string, out: string, version: number, choices: object, ...flags: string[]): Promise<void> {
  await writeFile(inFolder("fields.json"), JSON.stringify({ ...fields, ...choices }));
  const from = ["--tenant", inFolder(tenant), "--from", inFolder("fields.json"), "--out", inFolder(out)];
  const { exitCode, stderr } = await command("policy", "sign", ...from, "--version", String(version), ...flags);
  expect([exitCode, stderr]).toEqual([0, ""]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-diff-"));
  await command("tenant", "init", "--out", inFolder("tenant"));
  await command("tenant", "init", "--out", inFolder("other"));
  await sign("tenant", "base", 1, {}, "--keep", "log=30");
  await sign("tenant", "stricter", 2, { forbiddenTopics: [topic] }, "--keep", "log=7");
  await sign("tenant", "weaker", 3, { forbiddenTopics: [topic], memory: true }, "--keep", "log=60");
  await sign("other", "foreign", 2, {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("cloister policy diff", () => {
  it("says what a policy changes, and exits 0 where nothing protects less", async () => {
    const { exitCode, stdout } = await diff("base", "stricter");
    expect(exitCode).toBe(0);
    for (const sentence of [
      "Strengthens protection",
      "- Earlier turns of conversations will be kept 7 days instead of 30 days.",
      '- Messages about trading will be refused: "insider trad*".',
    ]) {
      expect(stdout).toContain(sentence);
    }
    expect(stdout).not.toContain("Weakens");
  });

  it("marks first what weakens protection, and exits 3", async () => {
    const { exitCode, stdout } = await diff("stricter", "weaker");
    expect([exitCode, stdout]).toEqual([
      3,
      expect.stringMatching(/Weakens protection, or may\n- Earlier turns of conversations will be kept 60 days/u),
    ]);
  });

  it("says so when both say the same", async () => {
    const { exitCode, stdout } = await diff("base", "base");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Both say the same.")]);
  });

  it("prints the changes as JSON, with the same exit code", async () => {
    const { exitCode, stdout } = await command("policy", "diff", inFolder("base"), inFolder("weaker"), "--json");
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      3,
      expect.objectContaining({
        from: 1,
        to: 3,
        isWeaker: true,
        changes: expect.arrayContaining([
          {
            field: "periods",
            effect: "weakens",
            sentence: "Earlier turns of conversations will be kept 60 days instead of 30 days.",
          },
        ]),
      }),
    ]);
  });

  it.each([
    ["policies of two tenants", "TENANT_FOREIGN", ["base", "foreign"]],
    ["a file that is no policy", "NOTE_MALFORMED", ["base", "fields.json"]],
    ["a file that is not there", "FILE_UNREADABLE", ["nowhere", "base"]],
  ])("refuses %s", async (_what, code, files) => {
    const { exitCode, stderr } = await diff(...files);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^cloister: ${code}: [^\n]+\n$`, "u"))]);
  });

  it.each([[[]], [["base"]]])("is used wrongly with %j alone", async (files) => {
    expect((await diff(...files)).exitCode).toBe(2);
  });
});

describe("the question before a policy is applied", () => {
  const answered = async (typed: string): Promise<boolean> => {
    const stdin = new PassThrough();
    const terminal = { stdin, stdout: new PassThrough(), stderr: new PassThrough(), env: {} };
    const answer = confirmed("Put it in force?", terminal);
    stdin.end(typed);
    return answer;
  };

  it.each(["y\n", "Y\n", " yes \n", "YES\n"])("takes %j for yes", async (typed) => {
    expect(await answered(typed)).toBe(true);
  });

  it.each(["\n", "n\n", "yesterday\n", "oh yes\n", ""])("takes %j for no", async (typed) => {
    expect(await answered(typed)).toBe(false);
  });
});
