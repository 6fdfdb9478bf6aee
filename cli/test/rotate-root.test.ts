import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./captured-terminal.ts";

let folder: string;
let tenant: string;

const allowed = [{ measurement: "ab".repeat(48), configurationDigest: "cd".repeat(48) }];
const fields = {
  hardware: { "aws-nitro": {} },
  measurements: { keys: allowed, redaction: allowed, "enclave-inference": allowed, embedding: allowed },
  kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/acme" },
};

interface Rotated {
  readonly tenantId: string;
  readonly index: number;
  readonly newRoot: string;
  readonly policyFile?: string;
}

const sign = (...args: string[]) =>
  command("policy", "sign", "--tenant", tenant, "--from", join(folder, "fields.json"), ...args);
const rotate = () => command("tenant", "rotate-root", "--tenant", tenant, "--json");
const rotated = async (): Promise<Rotated> => JSON.parse((await rotate()).stdout) as Rotated;
const codeOf = ({ stderr }: { readonly stderr: string }): string | undefined =>
  /cloister: ([A-Z_]+)/u.exec(stderr)?.[1];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-roots-"));
  tenant = join(folder, "tenant");
  await command("tenant", "init", "--out", tenant);
  await writeFile(join(folder, "fields.json"), JSON.stringify(fields));
  await sign();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("cloister tenant rotate-root", () => {
  it("makes a root that signs the newest policy as the next version, and keeps its seed to its owner", async () => {
    const before = JSON.parse(await readFile(join(tenant, "tenant.json"), "utf8")) as { tenantId: string };
    const { tenantId, index, newRoot, policyFile } = await rotated();
    expect([tenantId, index, policyFile]).toEqual([before.tenantId, 1, join(tenant, "policy-2.note")]);
    expect((await stat(join(tenant, "root-1.key"))).mode & 0o777).toBe(0o600);
    const { stdout } = await command("policy", "show", join(tenant, "policy-2.note"), "--tenant", tenant);
    expect(stdout).toContain(`Signed by a later root, which the tenant's rotations lead to: ${newRoot}.`);
    const { stdout: diff } = await command(
      ...["policy", "diff", join(tenant, "policy-1.note"), join(tenant, "policy-2.note")],
    );
    expect(diff).toContain(`The root key ${newRoot.slice(0, 8)}`);
  });

  it("has the new root sign from then on, with no need of the old one's key", async () => {
    await rm(join(tenant, "root.key"));
    expect((await sign()).exitCode).toBe(0);
    const { stdout } = await command("policy", "show", join(tenant, "policy-3.note"), "--tenant", tenant);
    expect(stdout).toContain("which the tenant's rotations lead to");
  });

  it("takes a key that lies there, which a run that was stopped or another machine has made", async () => {
    const seed = "5a".repeat(32);
    await writeFile(join(tenant, "root-2.key"), `${seed}\n`, { mode: 0o600 });
    expect((await rotated()).index).toBe(2);
    expect((await readFile(join(tenant, "root-2.key"), "utf8")).trim()).toBe(seed);
  });

  it("changes nothing without the root that steps down", async () => {
    const key = join(tenant, "root-2.key");
    const seed = await readFile(key, "utf8");
    await writeFile(key, `${"11".repeat(32)}\n`, { mode: 0o600 });
    expect(codeOf(await rotate())).toBe("TENANT_MALFORMED");
    await writeFile(key, seed);
    await chmod(key, 0o644);
    expect(codeOf(await rotate())).toBe("KEY_FILE_OPEN");
    await chmod(key, 0o600);
    await expect(stat(join(tenant, "root-rotation-3.note"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("refuses notes that don't follow from the first root", async () => {
    const note = join(tenant, "root-rotation-2.note");
    const sound = await readFile(note);
    await writeFile(note, await readFile(join(tenant, "root-rotation-1.note")));
    expect([codeOf(await rotate()), codeOf(await sign())]).toEqual(["TENANT_MALFORMED", "TENANT_MALFORMED"]);
    await writeFile(note, sound);
  });

  it("ends after fifteen", async () => {
    for (let index = 3; index <= 15; index++) expect((await rotated()).index).toBe(index);
    expect(codeOf(await rotate())).toBe("ROOTS_EXHAUSTED");
  });

  it("says what to do next, and where there is no policy yet", async () => {
    const other = join(folder, "other");
    await command("tenant", "init", "--out", other);
    const { stdout } = await command("tenant", "rotate-root", "--tenant", other);
    expect(stdout).toContain(`Next: cloister policy sign --tenant ${other}, then apply it`);
  });
});
