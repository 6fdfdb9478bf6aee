import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./captured-terminal.ts";

/** What `doctor --json` prints of a check. */
interface Finding {
  readonly check: string;
  readonly result: string;
  readonly code?: string;
}

let folder: string;
let tenant: string;
let policy: string;

/** A policy that needs no running system: what may run, and whose KMS it is, stand in a file. */
const allowed = [{ measurement: "ab".repeat(48), configurationDigest: "cd".repeat(48) }];
const fields = {
  hardware: { "aws-nitro": {} },
  measurements: { keys: allowed, redaction: allowed, "enclave-inference": allowed, embedding: allowed },
  kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/acme" },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-commands-"));
  tenant = join(folder, "tenant");
  policy = join(tenant, "policy-1.note");
  await command("tenant", "init", "--out", tenant, "--name", "Acme");
  await writeFile(join(folder, "fields.json"), JSON.stringify(fields));
  await sign("--keep", "log=30");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sign = (...args: string[]) =>
  command("policy", "sign", "--tenant", tenant, "--from", join(folder, "fields.json"), ...args);

describe("cloister", () => {
  it.each([
    [["polcy"], "policy"] as const,
    [["policy", "sing"], "sign"] as const,
    [["serve", "--prot", "1"], "--port"] as const,
  ])("suggests what was meant by %j and exits 2", async (args, meant) => {
    const { exitCode, stderr } = await command(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(new RegExp(`^cloister: USAGE: .*\n.*${meant}`))]);
  });

  it("says by doctor what is wrong, what that keeps it from looking at, and exits 1", async () => {
    const { exitCode, stdout, stderr } = await command("doctor", "--data", join(folder, "nothing"), "--json");
    const found = new Map((JSON.parse(stdout) as Finding[]).map(({ check, result, code }) => [check, code ?? result]));
    expect([exitCode, stderr.split(":")[1]]).toEqual([1, " CHECK_FAILED"]);
    expect(Object.fromEntries(found)).toMatchObject({ node: "ok", running: "NOT_RUNNING", ingest: "skipped" });
  });

  it("shows help for a command that does nothing by itself, and exits 2", async () => {
    const { exitCode, stderr } = await command("policy");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("Usage: cloister policy")]);
  });

  it("exits 0 for help that was asked for", async () => {
    expect((await command("policy", "sign", "--help")).exitCode).toBe(0);
  });

  it.each([
    [["policy", "sign", "--tenant", "t", "--version", "none"]],
    [["serve", "--port", "65536"]],
    [["policy", "show"]],
  ])("exits 2 for %j", async (args) => {
    expect((await command(...args)).exitCode).toBe(2);
  });
});

describe("cloister tenant init", () => {
  it("keeps the seeds to their owner and prints the tenant's id", async () => {
    const other = join(folder, "other");
    const { stdout } = await command("tenant", "init", "--out", other, "--json");
    const { tenantId } = JSON.parse(stdout) as { tenantId: string };
    expect(tenantId).toMatch(/^[0-9a-f]{32}$/);
    for (const name of ["root.key", "admission.key"]) {
      expect((await stat(join(other, name))).mode & 0o777).toBe(0o600);
      expect(stdout).not.toContain((await readFile(join(other, name), "utf8")).trim());
    }
  });

  it("never overwrites a key", async () => {
    const before = await readFile(join(tenant, "root.key"), "utf8");
    const { exitCode, stderr } = await command("tenant", "init", "--out", tenant);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cloister: FILE_EXISTS: ")]);
    expect(await readFile(join(tenant, "root.key"), "utf8")).toBe(before);
  });
});

describe("cloister policy show, of hardware", () => {
  it("says which counts and how old it may be", async () => {
    const level = { bootloader: 4, tee: 0, snp: 22, microcode: 213 };
    const hardware = {
      "aws-nitro": { pcrs: { 8: "00".repeat(48) } },
      "sev-snp": { minimumTcb: { milan: level }, revocationList: "required" },
      "intel-tdx": {},
      maximumEvidenceAgeMs: 60_000,
      machines: { "eu-central-1": ["11".repeat(64)] },
      gpuIssuer: "https://nras.attestation.nvidia.com",
    };
    const [from, out] = [join(folder, "hardware.json"), join(folder, "hardware.note")];
    await writeFile(from, JSON.stringify({ ...fields, hardware }));
    const { stdout } = await command("policy", "sign", "--tenant", tenant, "--from", from, "--out", out);
    expect(stdout).toContain(
      [
        "- AWS Nitro Enclaves, with the values it names of PCR8.",
        "- AMD SEV-SNP on milan, patched at least to bootloader 4, tee 0, snp 22, microcode 213, with AMD's list of revoked authorities.",
        "- Intel TDX, where Intel's rules say OK of the machine.",
        "- Programs that may run, by role: keys 1, redaction 1, enclave-inference 1, embedding 1.",
        "- Evidence counts for 60 seconds.",
        "- Machines known to stand in eu-central-1: 1.",
        "- Claims about GPUs count by the word of https://nras.attestation.nvidia.com.",
      ].join("\n"),
    );
  });
});

describe("cloister policy sign", () => {
  it("signs what the file and the flags chose over the preset", async () => {
    const { stdout } = await command("policy", "show", policy, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      signature: "by the tenant's root",
      policy: { version: 1, development: false, ...fields, periods: { log: { periodMs: 30 * 86_400_000 } } },
    });
  });

  it("takes what `policy show --json` prints", async () => {
    const shown = join(folder, "shown.json");
    await writeFile(shown, (await command("policy", "show", policy, "--json")).stdout);
    const out = join(folder, "again.note");
    await command("policy", "sign", "--tenant", tenant, "--from", shown, "--version", "7", "--out", out);
    const { stdout } = await command("policy", "show", out, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      policy: { version: 7, periods: { log: { periodMs: 30 * 86_400_000 } } },
    });
  });

  it.each([
    ["what it allows is not said", "POLICY_INCOMPLETE", () => command("policy", "sign", "--tenant", tenant)],
    ["its preset requires more", "POLICY_MALFORMED", () => sign("--preset", "healthcare", "--out", join(folder, "h"))],
    ["it lives too long", "POLICY_MALFORMED", () => sign("--expires-days", "91", "--out", join(folder, "long"))],
    ["its file is there", "FILE_EXISTS", () => sign("--version", "1")],
    ["development is asked for and nothing runs", "NOT_RUNNING", () => sign("--development", "--data", folder)],
    ["the tenant is not there", "TENANT_MALFORMED", () => command("policy", "sign", "--tenant", join(folder, "none"))],
  ])("refuses when %s", async (_when, code, refused) => {
    const { exitCode, stderr } = await refused();
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^cloister: ${code}: [^\n]+\n$`))]);
  });

  it.each([["status"], ["run"]])(
    "never asks another system's retention than the one that --url names: %s",
    async (verb) => {
      const door = ["--url", "http://127.0.0.1:9", "--token", "t"];
      const { exitCode, stderr } = await command("retention", verb, ...door, "--data", folder);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: ACCESS_MISSING: .*--retention-url/)]);
    },
  );

  it("refuses a root key that others can read", async () => {
    const open = join(folder, "open");
    await command("tenant", "init", "--out", open);
    await chmod(join(open, "root.key"), 0o644);
    const { stderr } = await command("policy", "sign", "--tenant", open, "--from", join(folder, "fields.json"));
    expect(stderr).toContain("cloister: KEY_FILE_OPEN: ");
  });
});

describe("cloister policy show", () => {
  it("says who may read, for how long, and that a production policy does without nothing", async () => {
    const { stdout } = await command("policy", "show", policy);
    for (const sentence of ["Nobody else, the operator included.", "30 days", "Nothing that the preset requires."]) {
      expect(stdout).toContain(sentence);
    }
  });

  it.each([
    ["was changed", "SIGNATURE_INVALID", (note: string) => note.replace('"memory": true', '"memory": false')],
    ["has lost its signature", "NOTE_MALFORMED", (note: string) => note.slice(0, note.indexOf("\n\n"))],
    ["names another tenant", "POLICY_FOREIGN", (note: string) => note.replace(/("tenantId": ")..../, "$10000")],
    ["is no note", "NOTE_MALFORMED", () => "policy"],
  ])("refuses a file that %s", async (_what, code, change) => {
    const changed = join(folder, "changed.note");
    await writeFile(changed, change(await readFile(policy, "utf8")));
    const { exitCode, stderr } = await command("policy", "show", changed);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^cloister: ${code}: [^\n]+\n$`))]);
  });
});

describe("a command of the running system", () => {
  it.each([[["retention", "status"]], [["retention", "run"]], [["policy", "show", "--tenant"]]])(
    "says of %j that nothing runs and how to start it",
    async (args) => {
      const { exitCode, stderr } = await command(
        ...args,
        ...(args.includes("--tenant") ? [tenant] : []),
        "--data",
        folder,
      );
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cloister: NOT_RUNNING: .*cloister serve --data/)]);
    },
  );

  it("says so too when the process was killed and left its file", async () => {
    await writeFile(join(folder, "running.json"), JSON.stringify(leftBehind));
    const { stderr } = await command("retention", "status", "--data", folder);
    expect(stderr).toContain("cloister: NOT_RUNNING: ");
    await rm(join(folder, "running.json"));
  });

  it("asks for the token of an address", async () => {
    const { stderr } = await command("retention", "status", "--retention-url", "http://127.0.0.1:9");
    expect(stderr).toContain("cloister: ACCESS_MISSING: ");
  });

  it("names an address where nothing answers", async () => {
    const address = ["--retention-url", "http://127.0.0.1:9", "--retention-token", "token"];
    const { exitCode, stderr } = await command("retention", "status", ...address);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cloister: SERVICE_UNREACHABLE: ")]);
  });
});

const measured = { measurement: "ab".repeat(48), configurationDigest: "cd".repeat(48) };
const leftBehind = {
  format: "cloister/v1 running",
  // Above what any system gives out.
  pid: 2 ** 30,
  url: "http://127.0.0.1:1",
  accessToken: "token",
  metricsUrl: "http://127.0.0.1:4/metrics",
  retentionUrl: "http://127.0.0.1:2",
  retentionToken: "token",
  operationsUrls: ["http://127.0.0.1:3"],
  operationsToken: "token",
  simulatedRoot: "02".repeat(33),
  measurements: { keys: measured, redaction: measured, "enclave-inference": measured, embedding: measured },
};
