import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runProgram } from "@cloister/cli";
import { Collected, command } from "./captured-terminal.ts";

const vectors = join(import.meta.dirname, "../../../shared/vectors/attestation/conformance");
let folder: string;

// What verifies TDX is loaded by the first quote: seconds where other programs keep the machine busy.
jest.setTimeout(60_000);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-attest-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function verifyFile(text: string) {
  const file = join(folder, "input.json");
  await writeFile(file, text);
  return outcome(await command("attest", "verify", "--input", file));
}

async function verifyStream(...chunks: readonly (string | Uint8Array)[]) {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const stdin = Readable.from(chunks, { objectMode: false });
  const terminal = { stdin, stdout, stderr, exitCode: 0, env: {} };
  await runProgram(["attest", "verify"], terminal);
  return outcome({ exitCode: terminal.exitCode, stdout: stdout.text, stderr: stderr.text });
}

function outcome({ exitCode, stdout, stderr }: Awaited<ReturnType<typeof command>>) {
  const output: unknown = stdout === "" ? undefined : JSON.parse(stdout);
  return { exitCode, output, stderr };
}

const rejected = (code: string) => ({ accepted: false, rejection: { code } });

describe("cloister attest verify", () => {
  it.each<[string, readonly (string | Uint8Array)[], RegExp]>([
    ["no JSON", ["{"], /no JSON: correct it/],
    ["no object", ["[]"], /no JSON object: a case is one object, as /],
    ["no evidence", ["{}"], /has none of .*: a case is one object, as /],
    ["nothing at all", [], /empty: name its file with --input, or pipe it/],
    ["no text", [Uint8Array.of(0xff)], /no UTF-8 text: .* put it into a case as base64/],
    ["far too long", Array<string>(17).fill(" ".repeat(1024 * 1024)), /above 16 MiB, .*: is it the right file/],
    ["half a case", ['{"schema_version": "1", "quote_b64": "AA=="}'], /collateral is missing/],
  ])("exits with 30 for an input that is %s, and says what to do", async (_name, chunks, sentence) => {
    const { exitCode, output } = await verifyStream(...chunks);
    const said = { accepted: false, rejection: { code: "INPUT_MALFORMED", message: expect.stringMatching(sentence) } };
    expect([exitCode, output]).toMatchObject([30, said]);
  });

  it.each([
    ["no such file", "missing.json", "ENOENT"],
    ["a folder in its place", ".", "EISDIR"],
  ])("exits with 1 and one line on standard error when there is %s", async (_what, name, errno) => {
    const path = join(folder, name);
    const { exitCode, stdout, stderr } = await command("attest", "verify", "--input", path);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(`cloister: FILE_UNREADABLE: ${path} can't be read (${errno}): is that its path?\n`);
  });
});

/** `describe` of what needs evidence of real machines, which lies beside the repository and not in it. */
function describeWithVectors(name: string, tests: () => void): void {
  if (existsSync(vectors)) describe(name, tests);
  else describe.skip(`${name} (skipped: no ../shared/vectors/attestation beside the repository)`, tests);
}

describeWithVectors("cloister attest verify of real evidence", () => {
  const input = (name: string): string => readFileSync(join(vectors, name, "input.json"), "utf8");

  it("exits with 0 and shows what the report says", async () => {
    const { exitCode, output } = await verifyFile(input("attestation-sev/200-real-sev-snp-happy"));
    expect([exitCode, output]).toMatchObject([
      0,
      { stage: "verify-attestation-sev", accepted: true, outputs: { body_fields: { version: 3 } } },
    ]);
  });

  it("reads standard input without an option, and exits with 10 for what it rejects", async () => {
    const { exitCode, output } = await verifyStream(input("attestation-sev/220-signature-byte-flipped"));
    expect([exitCode, output]).toMatchObject([10, rejected("REPORT_SIGNATURE_INVALID")]);
  });

  it("finds out from the fields that it is a quote of TDX", async () => {
    const { exitCode, output } = await verifyFile(input("attestation-tdx/401-td-attributes-debug-bit-set"));
    expect([exitCode, output]).toMatchObject([
      10,
      { stage: "verify-attestation-tdx", ...rejected("TD_ATTRIBUTES_DEBUG_SET") },
    ]);
  });

  it("exits with 20 for a demand that it can't check", async () => {
    const text = input("attestation-sev/200-real-sev-snp-happy").replace(
      /\}\s*$/,
      ', "policy": { "expected_vmpl": 0 } }',
    );
    const { exitCode, output } = await verifyFile(text);
    expect([exitCode, output]).toMatchObject([20, rejected("UNSUPPORTED")]);
  });
});
