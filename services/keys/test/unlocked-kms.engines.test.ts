import { randomBytes } from "node:crypto";
import { beforeAll, expect, it, jest } from "@jest/globals";
import { describeOnOpenBao, FakeClock } from "@cloister/testing";
import { openKms, openWithCredential } from "../src/adapters/open-kms.ts";
import type { KmsCredential } from "../src/kms/kms-credential.ts";
import { kmsConfig } from "../src/kms/kms-variables.ts";
import { UnlockedKms } from "../src/kms/unlocked-kms.ts";
import { codeOfAsync } from "./codes.ts";
import { leastPolicy, textIn, TransitEngine } from "./transit-engine.ts";

// An engine and the machine may be busy.
jest.setTimeout(60_000);

const context = Buffer.from("context");
const key = randomBytes(32);

describeOnOpenBao("an OpenBao that keys has no login at", (bao) => {
  let transit: TransitEngine;
  beforeAll(async () => {
    transit = await TransitEngine.mount(bao());
  });

  /** As `keys` opens it, with what one tenant has given. */
  async function opened(credential: KmsCredential | undefined) {
    const environment = kmsConfig.parse({
      CLOISTER_KEYS_KMS: "openbao",
      CLOISTER_KEYS_VAULT_ADDRESS: bao().url,
      CLOISTER_KEYS_VAULT_AUTH: "unlock",
    });
    const options = { clock: new FakeClock() };
    const kms = await openKms(environment, options);
    return new UnlockedKms(kms, { of: () => credential }, openWithCredential(environment, options));
  }

  const nameOf = ({ keyRef }: { readonly keyRef: string }): string => keyRef.split("/").at(-1) ?? "";

  it("wraps nothing, and says who has to do what", async () => {
    const kek = await transit.newKek();
    const locked = await opened(undefined);
    expect(await codeOfAsync(locked.wrap(kek, key, context))).toBe("KEYS_LOCKED");
    expect(await codeOfAsync(locked.unwrap({ ...kek, trustsCredential: false }, key, context))).toBe("KEYS_LOCKED");
  });

  it("serves with a token that the tenant gave, under a policy that trusts no operator's credential", async () => {
    const kek = { ...(await transit.newKek()), trustsCredential: false };
    const token = await transit.token(leastPolicy(nameOf(kek)));
    const unlocked = await opened({ kind: "vault-token", token });
    const wrapped = await unlocked.wrap(kek, key, context);
    expect(Buffer.from(await unlocked.unwrap(kek, wrapped, context))).toEqual(key);
  });

  it("serves with an AppRole that the tenant gave", async () => {
    const kek = await transit.newKek();
    const role = `keys-${randomBytes(4).toString("hex")}`;
    await bao().admin("POST", `sys/auth/${role}`, { type: "approle" });
    const policy = await transit.policy(leastPolicy(nameOf(kek)));
    await bao().admin("POST", `auth/${role}/role/keys`, { token_policies: [policy] });
    const roleId = textIn(await bao().admin("GET", `auth/${role}/role/keys/role-id`), "data", "role_id");
    const secret = await bao().admin("POST", `auth/${role}/role/keys/secret-id`);
    const secretId = textIn(secret, "data", "secret_id");
    const unlocked = await opened({ kind: "vault-approle", mount: role, roleId, secretId });
    const wrapped = await unlocked.wrap(kek, key, context);
    expect(Buffer.from(await unlocked.unwrap(kek, wrapped, context))).toEqual(key);
  });

  it("takes no credential of another kind of KMS, nor one that ended", async () => {
    const kek = await transit.newKek();
    const pin = await opened({ kind: "pkcs11", pin: "123456" });
    const ended = await opened({ kind: "vault-token", token: "hvs.ended" });
    expect(await codeOfAsync(pin.wrap(kek, key, context))).toBe("KMS_CREDENTIAL_REFUSED");
    expect(await codeOfAsync(ended.wrap(kek, key, context))).toBe("KMS_CREDENTIAL_REFUSED");
  });
});
