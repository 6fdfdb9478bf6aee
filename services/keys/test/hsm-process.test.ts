import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Kek } from "@cloister/service-keys";
import { Pkcs11Kms } from "../src/adapters/pkcs11/pkcs11-kms.ts";
import { codeOfAsync } from "./codes.ts";
import { kekFor } from "./scripted-kms.ts";

// Processes are started, on machines that may be busy.
jest.setTimeout(60_000);

/** A library in the place of an HSM's, as `pkcs11js` shows one: what it does is told by the key's label. */
const library = `
  import { existsSync } from "node:fs";
  const handle = Buffer.alloc(8);
  let label = "";
  let path = "";
  class PKCS11 {
    load(module) { path = module; }
    C_Initialize() {}
    C_GetSlotList() { return [handle]; }
    C_GetTokenInfo() { return { label: "token" }; }
    C_OpenSession() { return handle; }
    C_CloseSession() {}
    C_Login(session, user, pin) {
      if (pin !== "right") throw Object.assign(new Error("CKR_PIN_INCORRECT"), { code: 0xa0 });
    }
    C_FindObjectsInit(session, template) { label = template[1].value; }
    C_FindObjects() { return [handle]; }
    C_FindObjectsFinal() {}
    C_EncryptInit() {}
    C_Encrypt(session, input, output) {
      const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      if (label === "blocks") while (!existsSync(path)) wait();
      if (label === "crashes") process.abort();
      if (label === "fails") throw Object.assign(new Error("CKR_DEVICE_ERROR"), { code: 0x30 });
      if (label === "curious") return Buffer.from(JSON.stringify(process.env));
      if (label === "strange") throw new Error("a text that nobody expects");
      return output.subarray(0, input.length + 16);
    }
  }
  export default { PKCS11, CK_PARAMS_AES_GCM: 1 };
`;

describe("the process that holds an HSM's library", () => {
  let folder: string;
  let pin = "right";
  let kms: Pkcs11Kms;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-hsm-"));
    const sdk = join(folder, "library.mjs");
    await writeFile(sdk, library);
    kms = new Pkcs11Kms({ module: join(folder, "go"), sdk: pathToFileURL(sdk).href, pin: () => Promise.resolve(pin) });
  });
  afterAll(async () => {
    await kms.close();
    await rm(folder, { recursive: true });
  });

  const wrap = (label: string) => kms.wrap(kek(label), new Uint8Array(32), new Uint8Array());
  const kek = (label: string): Kek => kekFor(1, { provider: "pkcs11", keyRef: `pkcs11:token=token;object=${label}` });

  it("lets everybody else go on while the library blocks", async () => {
    const done: string[] = [];
    const blocked = wrap("blocks").then(() => done.push("the blocked call"));
    for (let turn = 0; turn < 20; turn++) await delay(1);
    done.push("the others");
    // Until this file is there the library doesn't return.
    await writeFile(join(folder, "go"), "");
    await blocked;
    expect(done).toEqual(["the others", "the blocked call"]);
  });

  it("takes nobody along when the library crashes, and is there again at the next call", async () => {
    const codes = await Promise.all([codeOfAsync(wrap("crashes")), codeOfAsync(wrap("key"))]);
    expect(codes[0]).toBe("KMS_UNREACHABLE");
    expect(await codeOfAsync(wrap("key"))).toBe("done");
  });

  it("names what the library returned, and nothing of an error that it doesn't know", async () => {
    await expect(wrap("fails")).rejects.toMatchObject({
      code: "KMS_UNREACHABLE",
      message: expect.stringContaining("PKCS#11 (CKR_DEVICE_ERROR)"),
    });
    await expect(wrap("strange")).rejects.toMatchObject({
      code: "KMS_UNREACHABLE",
      message: expect.not.stringContaining("nobody expects"),
    });
  });

  it("shows the library its own environment, and nothing of what is set for keys", async () => {
    process.env["CLOISTER_KEYS_PG_URL"] = "postgres://keys:secret@database/keys";
    try {
      await kms.close();
      const seen = Buffer.from(await wrap("curious")).toString();
      expect([seen.includes('"PATH":'), seen.includes('"CLOISTER_')]).toEqual([true, false]);
    } finally {
      Reflect.deleteProperty(process.env, "CLOISTER_KEYS_PG_URL");
    }
  });

  it("tries a refused PIN once, and another one at the next call", async () => {
    await kms.close();
    pin = "wrong";
    await expect(wrap("key")).rejects.toMatchObject({ message: expect.stringContaining("CKR_PIN_INCORRECT") });
    await expect(wrap("key")).rejects.toMatchObject({ message: expect.stringContaining("not tried again") });
    pin = "right";
    expect(await codeOfAsync(wrap("key"))).toBe("done");
  });
});
