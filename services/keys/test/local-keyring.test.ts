import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { LocalKeyring } from "@cloister/service-keys";
import { codeOfAsync } from "./codes.ts";

const tenantId = new Uint8Array(16).fill(1);
const otherId = new Uint8Array(16).fill(2);
const plaintext = Buffer.from("thirty-two bytes of a secret key");
const aad = Buffer.from("aad");

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-keyring-"));
  path = join(folder, "keyring.json");
});
afterEach(() => rm(folder, { recursive: true }));

async function withTenants(): Promise<LocalKeyring> {
  const keyring = await LocalKeyring.open(path);
  await Promise.all([keyring.ensureKek(tenantId), keyring.ensureKek(otherId)]);
  return keyring;
}

describe("the local keyring", () => {
  it("keeps its KEKs in a file that only its owner may read", async () => {
    await withTenants();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("unwraps after a restart what it wrapped", async () => {
    const wrapped = await (await withTenants()).wrap(tenantId, plaintext, aad);
    const again = await LocalKeyring.open(path);
    expect(Buffer.from(await again.unwrap(tenantId, wrapped, aad))).toEqual(plaintext);
  });

  it("keeps the KEK of a tenant that has one", async () => {
    await withTenants();
    const before = await readFile(path, "utf8");
    await (await LocalKeyring.open(path)).ensureKek(tenantId);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("doesn't unwrap for another tenant or another AAD", async () => {
    const keyring = await withTenants();
    const wrapped = await keyring.wrap(tenantId, plaintext, aad);
    expect(await codeOfAsync(keyring.unwrap(otherId, wrapped, aad))).toBe("KEY_CORRUPT");
    expect(await codeOfAsync(keyring.unwrap(tenantId, wrapped, Buffer.from("other")))).toBe("KEY_CORRUPT");
  });

  it("has nothing for a tenant without a KEK", async () => {
    const keyring = await LocalKeyring.open(path);
    expect(await codeOfAsync(keyring.wrap(tenantId, plaintext, aad))).toBe("KMS_UNAVAILABLE");
  });

  it.each([0o640, 0o604, 0o660])("refuses a file of mode %o", async (mode) => {
    await withTenants();
    await chmod(path, mode);
    expect(await codeOfAsync(LocalKeyring.open(path))).toBe("KMS_UNAVAILABLE");
  });

  it("refuses a damaged file and leaves it as it is", async () => {
    await writeFile(path, '{"version":1,"keks":{"zz":""}}', { mode: 0o600 });
    expect(await codeOfAsync(LocalKeyring.open(path))).toBe("KMS_UNAVAILABLE");
    expect(await readFile(path, "utf8")).toContain("zz");
  });
});
