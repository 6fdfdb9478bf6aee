import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { systemClock } from "@cloister/service";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { witnessFinding } from "../src/keys/witness-finding.ts";
import { command } from "./captured-terminal.ts";

const tenantId = "0123456789abcdef0123456789abcdef";

let folder: string;
let keyring: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-keys-doctor-"));
  keyring = join(folder, "keyring.json");
  const keks = { [tenantId]: randomBytes(32).toString("base64") };
  await writeFile(keyring, JSON.stringify({ version: 1, keks }), { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function doctor(lines: readonly string[], ...args: readonly string[]) {
  const file = join(folder, "keys.env");
  await writeFile(file, lines.join("\n"));
  return command("keys", "doctor", "--env-file", file, ...args);
}

const ofTheTenant = ["--provider", "local", "--tenant-id", tenantId];

describe("cloister keys doctor", () => {
  it("finds the tenant's key well, warns of what a file is, and exits 0", async () => {
    const { exitCode, stdout } = await doctor([`CLOISTER_KEYS_KEYRING_FILE=${keyring}`], ...ofTheTenant);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ok {7}round trip {3}A key was wrapped and unwrapped in \d+ ms\./u);
    expect(stdout).toMatch(/warning {2}export .*\n.*→ Make one that can't be exported/u);
    expect(stdout).toMatch(/10 checks: 0 failed, 3 to look at\./u);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await doctor([`CLOISTER_KEYS_KEYRING_FILE=${keyring}`], ...ofTheTenant, "--json");
    const findings = JSON.parse(stdout) as { check: string; result: string }[];
    expect(findings.map(({ check, result }) => `${check}: ${result}`)).toEqual([
      "settings: ok",
      "key: ok",
      "destruction: ok",
      "export: warning",
      "round trip: ok",
      "binding: ok",
      "permissions: skipped",
      "clock: skipped",
      "credential: warning",
      "witnesses: warning",
    ]);
  });

  it("fails a tenant that has no key there, says what to do, and exits 1", async () => {
    const stranger = ["--provider", "local", "--tenant-id", "f".repeat(32)];
    const { exitCode, stdout, stderr } = await doctor([`CLOISTER_KEYS_KEYRING_FILE=${keyring}`], ...stranger);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: CHECK_FAILED: 2 of 10 checks failed\./u)]);
    expect(stdout).toMatch(/FAILED {3}key .*KMS_KEY_UNKNOWN: .*\n.*→ Compare the policy's `keyRef`/u);
  });

  it.each([
    ["a setting that is missing", ["CLOISTER_KEYS_KMS=openbao"], /KMS_CONFIG_INVALID: .*CLOISTER_KEYS_VAULT_ADDRESS/u],
    ["a value that is none", ["CLOISTER_KEYS_KMS=safe"], /CONFIG_INVALID: .*CLOISTER_KEYS_KMS/u],
    [
      "an address without TLS",
      [
        "CLOISTER_KEYS_KMS=openbao",
        "CLOISTER_KEYS_VAULT_ADDRESS=http://vault.example.com:8200",
        "CLOISTER_KEYS_VAULT_TOKEN_FILE=token",
      ],
      /KMS_CONFIG_INVALID: .*https/u,
    ],
    ["a provider that isn't used", ["CLOISTER_KEYS_KMS=aws-kms"], /KMS_NOT_CONFIGURED: .*uses aws-kms/u],
  ])("names %s, and asks nobody", async (_what, lines, said) => {
    const { exitCode, stdout } = await doctor(lines, ...ofTheTenant);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(said);
    expect(stdout).toMatch(/1 checks: 1 failed/u);
  });

  it.each([
    [
      "requires none",
      { preset: "standard" },
      "warning",
      /The policy \(standard\) requires none\. It names w\.example/u,
    ],
    ["requires some", { preset: "healthcare" }, "failed", /requires witnesses, as each of preset healthcare does/u],
    ["does without", { preset: "healthcare", development: true }, "warning", /Marked development, it does without/u],
  ] as const)("says of a policy that %s what follows from no witness being asked", (_, choices, result, said) => {
    const { policy } = new SimulatedTenant(systemClock.nowMs());
    const witnesses = [{ name: "w.example", publicKey: new Uint8Array(32).fill(1) }];
    const finding = witnessFinding({ ...policy, witnesses, development: false, ...choices });
    expect(finding).toMatchObject({ result, detail: expect.stringMatching(said) as unknown });
    expect(finding.detail).toMatch(/^This version asks no witness: .* is not excluded, and receipts say so\./u);
    expect(finding.code).toBe(result === "failed" ? "DEVELOPMENT_POLICY_REQUIRED" : undefined);
  });

  it("leaves a keyring in clear as it is, though it is given a passphrase", async () => {
    const before = await readFile(keyring, "utf8");
    const passphrase = join(folder, "passphrase");
    await writeFile(passphrase, "correct horse battery staple", { mode: 0o600 });
    const lines = [`CLOISTER_KEYS_KEYRING_FILE=${keyring}`, `CLOISTER_KEYS_KEYRING_PASSPHRASE_FILE=${passphrase}`];
    expect((await doctor(lines, ...ofTheTenant)).exitCode).toBe(0);
    expect(await readFile(keyring, "utf8")).toBe(before);
  });

  it("has to know which key, and exits 2 otherwise", async () => {
    const { exitCode, stderr } = await command("keys", "doctor");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("--policy, or --provider with --key-ref")]);
  });
});
