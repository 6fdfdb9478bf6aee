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
  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no evidence", "{}"],
  ])("exits with 30 for an input that is %s", async (_name, text) => {
    const { exitCode, output } = await verifyFile(text);
    expect([exitCode, output]).toMatchObject([30, rejected("INPUT_MALFORMED")]);
  });

  it("exits with 30 for bytes that are no text, and for far too many", async () => {
    const large = " ".repeat(1024 * 1024);
    const [binary, long] = [
      await verifyStream(Uint8Array.of(0xff)),
      await verifyStream(...Array<string>(17).fill(large)),
    ];
    expect([binary.exitCode, long.exitCode]).toEqual([30, 30]);
  });

  it("exits with 1 and one line on standard error when there is no such file", async () => {
    const { exitCode, stdout, stderr } = await command("attest", "verify", "--input", join(folder, "missing.json"));
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^cloister: FILE_UNREADABLE: .*missing\.json.*\n$/);
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
