import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { LocalKeyring } from "@cloister/service-keys";
import { codeOfAsync } from "./codes.ts";
import { keyWrapperContract } from "./key-wrapper-contract.ts";
import { kekFor } from "./scripted-kms.ts";

// A passphrase costs its time, on machines that may be busy.
jest.setTimeout(60_000);

const [kek, otherKek] = [kekFor(1), kekFor(2)];
const plaintext = Buffer.from("thirty-two bytes of a secret key");
const aad = Buffer.from("aad");
const passphrase = "correct horse battery staple";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-keyring-"));
  path = join(folder, "keyring.json");
});
afterEach(() => rm(folder, { recursive: true }));

async function withTenants(): Promise<LocalKeyring> {
  const keyring = await LocalKeyring.open(path);
  await Promise.all([keyring.ensureKek(kek), keyring.ensureKek(otherKek)]);
  return keyring;
}

describe("the local keyring as a KMS", () => {
  let keyringFolder: string;
  let wrapper: LocalKeyring;
  beforeAll(async () => {
    keyringFolder = await mkdtemp(join(tmpdir(), "cloister-keyring-"));
    wrapper = await LocalKeyring.open(join(keyringFolder, "keyring.json"));
  });
  afterAll(() => rm(keyringFolder, { recursive: true }));
  const absentKek = () => ({ ...kek, tenantId: randomBytes(16) });

  keyWrapperContract(
    () => ({
      wrapper,
      absentKek,
      newKek: async () => {
        const made = absentKek();
        await wrapper.ensureKek(made);
        return made;
      },
    }),
    { destroys: "at-once", isExportable: true },
  );
});

describe("the local keyring's file", () => {
  it("can be read by its owner only", async () => {
    await withTenants();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("unwraps after a restart what was wrapped", async () => {
    const wrapped = await (await withTenants()).wrap(kek, plaintext, aad);
    const again = await LocalKeyring.open(path);
    expect(Buffer.from(await again.unwrap(kek, wrapped, aad))).toEqual(plaintext);
  });

  it("keeps the KEK of a tenant that has one", async () => {
    await withTenants();
    const before = await readFile(path, "utf8");
    await (await LocalKeyring.open(path)).ensureKek(kek);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("holds a destroyed KEK no more", async () => {
    const keyring = await withTenants();
    await keyring.destroy(kek);
    expect(await readFile(path, "utf8")).not.toContain("01".repeat(16));
    expect(await codeOfAsync((await LocalKeyring.open(path)).describe(kek))).toBe("KMS_KEY_UNKNOWN");
  });

  it.each([0o640, 0o604, 0o660])("is refused with mode %o", async (mode) => {
    await withTenants();
    await chmod(path, mode);
    expect(await codeOfAsync(LocalKeyring.open(path))).toBe("KMS_KEYRING_OPEN");
  });

  it("is refused when damaged, and left as it is", async () => {
    await writeFile(path, '{"version":1,"keks":{"zz":""}}', { mode: 0o600 });
    expect(await codeOfAsync(LocalKeyring.open(path))).toBe("KMS_KEYRING_DAMAGED");
    expect(await readFile(path, "utf8")).toContain("zz");
  });
});

describe("a local keyring under a passphrase", () => {
  it("names no tenant in its file, and opens again with it", async () => {
    const keyring = await LocalKeyring.open(path, { passphrase });
    await keyring.ensureKek(kek);
    const wrapped = await keyring.wrap(kek, plaintext, aad);
    expect(await readFile(path, "utf8")).not.toContain("01".repeat(16));
    const again = await LocalKeyring.open(path, { passphrase });
    expect(Buffer.from(await again.unwrap(kek, wrapped, aad))).toEqual(plaintext);
  });

  it("is refused without it, with another, and when its bytes were changed", async () => {
    await LocalKeyring.open(path, { passphrase });
    const content = await readFile(path, "utf8");
    const refused = [
      await codeOfAsync(LocalKeyring.open(path)),
      await codeOfAsync(LocalKeyring.open(path, { passphrase: `${passphrase}!` })),
    ];
    await writeFile(path, content.replace(/"salt":"./u, '"salt":"_'), { mode: 0o600 });
    refused.push(await codeOfAsync(LocalKeyring.open(path, { passphrase })));
    expect(refused).toEqual(["KMS_PASSPHRASE_WRONG", "KMS_PASSPHRASE_WRONG", "KMS_KEYRING_DAMAGED"]);
  });

  it("seals at once a file that was in clear", async () => {
    const wrapped = await (await withTenants()).wrap(kek, plaintext, aad);
    const sealed = await LocalKeyring.open(path, { passphrase });
    expect(await readFile(path, "utf8")).not.toContain("01".repeat(16));
    expect(Buffer.from(await sealed.unwrap(kek, wrapped, aad))).toEqual(plaintext);
  });

  it("doesn't let a file choose what the passphrase costs", async () => {
    await LocalKeyring.open(path, { passphrase });
    await writeFile(path, (await readFile(path, "utf8")).replace('"N":131072', '"N":2'), { mode: 0o600 });
    expect(await codeOfAsync(LocalKeyring.open(path, { passphrase }))).toBe("KMS_KEYRING_DAMAGED");
  });
});
