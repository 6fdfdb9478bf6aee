import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Kek } from "@cloister/service-keys";
import { describeOnSoftHsm } from "@cloister/testing";
import type { TokenKeyAttributes } from "@cloister/testing/engines";
import { Pkcs11Kms, type Pkcs11Options } from "../src/adapters/pkcs11/pkcs11-kms.ts";
import { codeOfAsync } from "./codes.ts";
import { keyWrapperContract } from "./key-wrapper-contract.ts";

// A process is started for each library, on machines that may be busy.
jest.setTimeout(60_000);

const context = Buffer.from("context");
const key = randomBytes(32);

describeOnSoftHsm("KEKs in SoftHSM, by PKCS#11", (hsm) => {
  const opened: Pkcs11Kms[] = [];
  const open = (options: Partial<Pkcs11Options> = {}): Pkcs11Kms => {
    const { module, environment, sdk, pin } = hsm();
    const kms = new Pkcs11Kms({ module, environment, sdk, pin: () => Promise.resolve(pin), ...options });
    opened.push(kms);
    return kms;
  };
  afterAll(() => Promise.all(opened.map((kms) => kms.close())));

  const kekOf = (label: string): Kek => {
    const keyRef = `pkcs11:token=${hsm().token};object=${label}`;
    return { tenantId: new Uint8Array(16).fill(1), provider: "pkcs11", keyRef, trustsCredential: true };
  };
  const absentKek = () => kekOf(`kek-${randomBytes(6).toString("hex")}`);
  async function newKek(attributes: TokenKeyAttributes = {}): Promise<Kek> {
    const label = `kek-${randomBytes(6).toString("hex")}`;
    await hsm().makeKeys([label], attributes);
    return kekOf(label);
  }

  describe("a key that never leaves its token", () => {
    const ready: string[] = Array.from({ length: 32 }, (_, index) => `ready-${index}`);
    let wrapper: Pkcs11Kms;
    beforeAll(async () => {
      await hsm().makeKeys(ready);
      wrapper = open();
    });
    const takeOne = async (): Promise<Kek> => kekOf(ready.pop() ?? "none is left");
    keyWrapperContract(() => ({ wrapper, newKek: takeOne, absentKek }), { destroys: "at-once", isExportable: false });
  });

  it("is found by a process that comes later", async () => {
    const kek = await newKek();
    const wrapped = await open().wrap(kek, key, context);
    expect(Buffer.from(await open().unwrap(kek, wrapped, context))).toEqual(key);
  });

  it("is described as exportable, or as kept, where the token says so", async () => {
    expect(await open().describe(await newKek({ isExtractable: true }))).toMatchObject({ isExportable: true });
    const kept = await newKek({ isDestroyable: false });
    expect(await open().describe(kept)).toMatchObject({ destroys: "never" });
    expect(await codeOfAsync(open().destroy(kept))).toBe("KMS_DESTRUCTION_REFUSED");
  });

  it("is refused when it is too short", async () => {
    expect(await codeOfAsync(open().ensureKek(await newKek({ bytes: 16 })))).toBe("KMS_KEY_UNSUITABLE");
  });

  it("is refused when two have its name", async () => {
    await hsm().makeKeys(["twin", "twin"]);
    expect(await codeOfAsync(open().wrap(kekOf("twin"), key, context))).toBe("KMS_KEY_REF_INVALID");
  });

  it("is out of reach with a wrong PIN, and a right one helps at the next call", async () => {
    let pin = "wrong";
    const [kek, kms] = [await newKek(), open({ pin: () => Promise.resolve(pin) })];
    const refused = [await codeOfAsync(kms.wrap(kek, key, context)), await codeOfAsync(kms.wrap(kek, key, context))];
    expect(refused).toEqual(["KMS_CREDENTIAL_REFUSED", "KMS_CREDENTIAL_REFUSED"]);
    pin = hsm().pin;
    expect(await codeOfAsync(kms.wrap(kek, key, context))).toBe("done");
  });

  it("is out of reach when the library's process is killed, and there again at the next call", async () => {
    const [kek, kms] = [await newKek(), open()];
    await kms.wrap(kek, key, context);
    await kms.close();
    expect(await codeOfAsync(kms.wrap(kek, key, context))).toBe("done");
  });

  it("needs its library and pkcs11js, and says which is missing", async () => {
    const kek = absentKek();
    expect(await codeOfAsync(open({ module: "/nowhere/libhsm.so" }).describe(kek))).toBe("KMS_CONFIG_INVALID");
    expect(await codeOfAsync(open({ sdk: "pkcs11js" }).describe(kek))).toBe("KMS_SDK_MISSING");
  });
});
