import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openReleaseManifest } from "@cloister/policy";
import { command } from "./captured-terminal.ts";

const measurement = "ab".repeat(48);
const configurationDigest = "cd".repeat(48);
const program = `sev-snp=${measurement},${configurationDigest}`;

let folder: string;
let key: string;
let publicKey: string;
let note: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-release-"));
  key = join(folder, "release.key");
  note = join(folder, "release.note");
  await command("release", "init", "--out", key, "--name", "release-team");
  publicKey = (JSON.parse(await readFile(`${key}.public.json`, "utf8")) as { publicKey: string }).publicKey;
  await sign(note);
  await command("tenant", "init", "--out", join(folder, "tenant"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sign = (out: string, ...args: string[]) =>
  command(
    ...["release", "sign", "--key", key, "--name", "cloister", "--version", "1.4.2", "--role", "redaction"],
    ...["--program", program, "--out", out, ...args],
  );

let version = 0;

/** A tenant's policy that names the signer for a role. */
async function policyWith(role: string, fields: object = {}): Promise<string> {
  version += 1;
  const from = join(folder, `policy-${version}.json`);
  const out = join(folder, `policy-${version}.note`);
  const releaseSigners = { [role]: [{ name: "release-team", publicKey }] };
  const measurements = { keys: [], redaction: [], "enclave-inference": [], embedding: [] };
  const kms = { custody: "byok", provider: "vault", keyRef: "transit/keys/kek" };
  await writeFile(
    from,
    JSON.stringify({ measurements, releaseSigners, hardware: { "aws-nitro": {} }, kms, ...fields }),
  );
  const { exitCode, stderr } = await command(
    ...["policy", "sign", "--tenant", join(folder, "tenant"), "--from", from, "--out", out],
  );
  expect([exitCode, stderr]).toEqual([0, ""]);
  return out;
}

describe("cloister release", () => {
  it("makes a key that only its owner reads, and overwrites none", async () => {
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    const again = await command("release", "init", "--out", key, "--name", "other");
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining("FILE_EXISTS")]);
  });

  it("makes no key under a name that no policy takes", async () => {
    const { exitCode, stderr } = await command("release", "init", "--out", join(folder, "x"), "--name", "the team");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("USAGE")]);
  });

  it("signs a manifest that the public part verifies", async () => {
    const manifest = openReleaseManifest(await readFile(note), [Buffer.from(publicKey, "hex")]);
    expect(manifest).toMatchObject({
      name: "cloister",
      version: "1.4.2",
      role: "redaction",
      measurements: { "sev-snp": [{ measurement: Buffer.from(measurement, "hex") }] },
    });
  });

  it("says what a manifest says, and under a policy that it counts", async () => {
    const { exitCode, stdout } = await command("release", "show", note, "--policy", await policyWith("redaction"));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("It counts under this policy.")]);
    expect(stdout).toContain("Release 1.4.2 of cloister, to run as redaction");
    expect(stdout).toContain(measurement);
  });

  it("says without a policy that it is the policy's to say", async () => {
    const { stdout } = await command("release", "show", note, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ counts: null, manifest: { version: "1.4.2" } });
  });

  it.each<[string, () => Promise<[string, string]>, RegExp]>([
    [
      "of a signer of another role",
      async () => [note, await policyWith("embedding")],
      /signed by nobody whom the policy names/u,
    ],
    [
      "of a withdrawn program",
      async () => [note, await policyWith("redaction", { withdrawn: [measurement] })],
      /withdrawn 1 of its programs/u,
    ],
    [
      "that begins tomorrow",
      async () => {
        const later = join(folder, "later.note");
        await sign(later, "--not-before", new Date(Date.now() + 86_400_000).toISOString());
        return [later, await policyWith("redaction")];
      },
      /over, or has not begun/u,
    ],
  ])("ends with RELEASE_NOT_ALLOWED for a manifest %s", async (_which, files, reason) => {
    const [manifest, policy] = await files();
    const { exitCode, stderr, stdout } = await command("release", "show", manifest, "--policy", policy);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: RELEASE_NOT_ALLOWED: /u)]);
    expect(stderr).toMatch(reason);
    expect(stdout).toContain("It doesn't count under this policy.");
  });

  it("refuses a manifest that was changed", async () => {
    const changed = join(folder, "changed.note");
    await writeFile(changed, (await readFile(note, "utf8")).replace("1.4.2", "1.4.3"));
    const { exitCode, stderr } = await command("release", "show", changed, "--policy", await policyWith("redaction"));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("SIGNATURE_INVALID")]);
  });

  it("says what a file is that is no manifest", async () => {
    const { exitCode, stderr } = await command("release", "show", await policyWith("redaction"));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("MANIFEST_MALFORMED")]);
  });

  it("signs nothing that lives longer than 90 days", async () => {
    const { exitCode, stderr } = await sign(join(folder, "long.note"), "--expires-days", "91");
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/MANIFEST_MALFORMED: .*90 days/u)]);
  });

  it.each([
    ["a program without its configuration", ["--program", `sev-snp=${measurement}`]],
    ["hardware that nobody knows", ["--program", `sgx=${measurement},${configurationDigest}`]],
    ["a time without a zone", ["--not-before", "2027-01-31T06:00:00"]],
    ["part of a day", ["--expires-days", "0.5"]],
  ])("is used wrongly with %s", async (_what, args) => {
    const { exitCode, stderr } = await sign(join(folder, "wrong.note"), ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("USAGE")]);
  });

  it("has policy show and policy diff say whose releases may run, and what is withdrawn", async () => {
    const [before, after] = [
      await policyWith("embedding"),
      await policyWith("redaction", { withdrawn: [measurement] }),
    ];
    const shown = await command("policy", "show", after);
    expect(shown.stdout).toContain(`Besides, what release-team (${publicKey}) releases may run as redaction.`);
    expect(shown.stdout).toContain(`Withdrawn, whatever allows it: ${measurement}.`);
    const compared = await command("policy", "diff", before, after);
    expect(compared.exitCode).toBe(3);
    expect(compared.stdout).toMatch(/Whatever release-team .* releases may run as redaction/u);
    expect(compared.stdout).toMatch(/What release-team .* releases may no longer run as embedding/u);
    expect(compared.stdout).toMatch(/The program abababababababab… is withdrawn/u);
  });
});
