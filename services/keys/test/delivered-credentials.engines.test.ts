import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import type { KmsProvider } from "@cloister/service-keys";
import { describeOnMoto, describeOnOpenBao, describeOnSoftHsm, FakeClock } from "@cloister/testing";
import { openKms, openWithCredential, type OpenKmsOptions } from "../src/adapters/open-kms.ts";
import type { KmsCredential } from "../src/kms/kms-credential.ts";
import { kmsConfig } from "../src/kms/kms-variables.ts";
import { deliver, orderDestruction } from "./deliver-credential.ts";
import { TestTenant } from "./tenant.ts";
import { destroyingPolicy, leastPolicy, TransitEngine } from "./transit-engine.ts";
import { UnlockWorld } from "./unlock-world.ts";
import { refusal } from "./world.ts";

// An engine, a database and the processes of an HSM are started, on machines that may be busy.
jest.setTimeout(120_000);

interface Deployment {
  readonly provider: KmsProvider;
  /** Of `keys`, which has no credential in it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly hsm?: NonNullable<OpenKmsOptions["hsm"]>;
  readonly keyRef: string;
  readonly credential: KmsCredential;
  /** One that may destroy the key, which that of keys should not. */
  readonly destroying: KmsCredential;
  /** False for a stand-in that says yes and goes on unwrapping. */
  readonly isDestroyed: boolean;
  /** One that the KMS refuses; undefined for a KMS that takes any. */
  readonly wrong: KmsCredential | undefined;
}

/** A credential that is delivered to `keys`, used there, passed on to another instance, and gone with the last of them. */
function isDelivered(deployment: () => Promise<Deployment>): void {
  let chosen: Deployment;
  let world: UnlockWorld;
  const tenant = new TestTenant();
  beforeAll(async () => {
    chosen = await deployment();
    const environment = kmsConfig.parse(chosen.environment);
    const options = { clock: new FakeClock(), ...(chosen.hsm && { hsm: chosen.hsm }) };
    const locked = await openKms(environment, options);
    world = await UnlockWorld.start({ locked, open: openWithCredential(environment, options) });
  });
  afterAll(() => world.close());

  const unlock = async (credential = chosen.credential): Promise<string> =>
    (await world.authority.unlock(await deliver(world, { tenant, credential }))).kmsOutcome;
  const codeOf = (keys = world.keys): Promise<string> =>
    refusal(world.authorityAt(keys).listInstances({ tenantId: tenant.tenantId }));

  it("wraps and unwraps with it, and with nothing before", async () => {
    const { provider, keyRef } = chosen;
    const kms = { custody: "byok", provider, keyRef } as const;
    const policy = tenant.signed(tenant.policy(world.clock.nowMs(), { kms }));
    expect(await refusal(world.authority.applyPolicy(policy))).toBe("KEYS_LOCKED");
    expect(await unlock()).toBe("NOT_ASKED");
    expect(await refusal(world.authority.applyPolicy(policy))).toBe("answered");
    // The KMS is asked to unwrap what it wrapped.
    expect([await unlock(), await codeOf()]).toEqual(["", "answered"]);
  });

  it("passes it on to another instance, and forgets it with the last", async () => {
    const other = await world.startAnother();
    expect(await codeOf(other)).toBe("answered");
    await other.close();
    await world.restart();
    expect(await codeOf()).toBe("KEYS_LOCKED");
    expect([await unlock(), await codeOf()]).toEqual(["", "answered"]);
  });

  it("is told of one that doesn't serve", async () => {
    if (chosen.wrong !== undefined) expect(await unlock(chosen.wrong)).toBe("KMS_CREDENTIAL_REFUSED");
    const ofAnother: KmsCredential =
      chosen.provider === "pkcs11" ? { kind: "vault-token", token: "hvs.other" } : { kind: "pkcs11", pin: "1234" };
    expect(await unlock(ofAnother)).toBe("KMS_CREDENTIAL_REFUSED");
    expect(await unlock()).toBe("");
  });

  it("destroys the KEK by the tenant's order, with a credential that may, and receipts what the KMS refuses from then on", async () => {
    const { provider, keyRef, destroying: credential, isDestroyed } = chosen;
    const order = await orderDestruction(world, { tenant, kms: { provider, keyRef }, credential });
    const { kmsOutcome, receipt } = await world.authority.destroyKek(order);
    const said = Buffer.from(receipt).toString("utf8");
    if (isDestroyed) {
      expect([kmsOutcome, await codeOf()]).toEqual(["", "KMS_UNAVAILABLE"]);
      expect(said).toMatch(/"windowEndsAtMs": null,\n {2}"refusedSince": "KMS_KEY_UNKNOWN"/u);
    } else expect([kmsOutcome, said]).toEqual(["KMS_ANSWER_MALFORMED", ""]);
  });

  it("leaves it in no line of the log", () => {
    const { kind: _, ...secrets } = chosen.credential;
    const said = world.log.lines.join("\n");
    expect(Object.values(secrets).filter((secret = "") => secret !== "" && said.includes(secret))).toEqual([]);
  });
}

describeOnOpenBao("a token of OpenBao that a tenant gives keys", (bao) => {
  isDelivered(async () => {
    const transit = await TransitEngine.mount(bao());
    const { keyRef } = await transit.newKek();
    const token = await transit.token(leastPolicy(keyRef.split("/").at(-1) ?? ""));
    return {
      provider: "openbao",
      environment: {
        CLOISTER_KEYS_KMS: "openbao",
        CLOISTER_KEYS_VAULT_ADDRESS: bao().url,
        CLOISTER_KEYS_VAULT_AUTH: "unlock",
      },
      keyRef,
      credential: { kind: "vault-token", token },
      destroying: { kind: "vault-token", token: await transit.token(destroyingPolicy(keyRef)) },
      isDestroyed: true,
      wrong: { kind: "vault-token", token: "hvs.ended" },
    };
  });
});

describeOnMoto("an access key of AWS that a tenant gives keys, by moto", (moto) => {
  isDelivered(async () => {
    const region = "eu-central-1";
    const key = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: randomBytes(24).toString("base64") };
    // A copy, since the client writes into what it is given.
    const owner = new KMSClient({ region, credentials: { ...key }, endpoint: moto().url });
    const { KeyMetadata: made } = await owner.send(new CreateKeyCommand({ KeyUsage: "ENCRYPT_DECRYPT" }));
    owner.destroy();
    return {
      provider: "aws-kms",
      environment: {
        CLOISTER_KEYS_KMS: "aws-kms",
        CLOISTER_KEYS_AWS_REGION: region,
        CLOISTER_KEYS_AWS_ENDPOINT: moto().url,
        CLOISTER_KEYS_AWS_CREDENTIAL: "unlock",
      },
      keyRef: made?.Arn ?? "",
      destroying: { kind: "aws", ...key },
      // Where AWS refuses to decrypt by a key that waits for its deletion, moto doesn't: there is no receipt of that.
      isDestroyed: false,
      credential: { kind: "aws", ...key, sessionToken: randomBytes(24).toString("base64") },
      // moto takes any; what AWS' own refusals come to is in aws-kms.test.ts.
      wrong: undefined,
    };
  });
});

describeOnSoftHsm("a PIN of SoftHSM that a tenant gives keys", (hsm) => {
  isDelivered(async () => {
    const { module, environment, sdk, token, pin } = hsm();
    const label = `kek-${randomBytes(6).toString("hex")}`;
    await hsm().makeKeys([label]);
    return {
      provider: "pkcs11",
      environment: { CLOISTER_KEYS_KMS: "pkcs11", CLOISTER_KEYS_PKCS11_MODULE: module },
      hsm: { environment, sdk },
      keyRef: `pkcs11:token=${token};object=${label}`,
      credential: { kind: "pkcs11", pin },
      destroying: { kind: "pkcs11", pin },
      isDestroyed: true,
      wrong: { kind: "pkcs11", pin: "not the PIN" },
    };
  });
});
