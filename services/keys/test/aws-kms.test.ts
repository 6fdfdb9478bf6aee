import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { FakeClock } from "@cloister/testing";
import { AwsKms, type AwsKmsOptions } from "../src/adapters/aws/aws-kms.ts";
import { awsAddressOf } from "../src/adapters/aws/aws-key-ref.ts";
import { Recipient } from "../src/adapters/aws/recipient.ts";
import { openWithCredential } from "../src/adapters/open-kms.ts";
import { kmsConfig } from "../src/kms/kms-variables.ts";
import { codeOf, codeOfAsync } from "./codes.ts";
import { FakeAwsKms, type KeyState } from "./fake-aws-kms.ts";
import { keyWrapperContract } from "./key-wrapper-contract.ts";
import { envelopedData, nitroDocument } from "./nitro.ts";

// Keys of RSA are made, on machines that may be busy.
jest.setTimeout(60_000);

const context = Buffer.from("context");
const key = randomBytes(32);
const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not a secret" };

let kms: FakeAwsKms;
beforeAll(async () => {
  kms = await FakeAwsKms.start();
});
afterAll(() => kms.stop());

const open = (options: Partial<AwsKmsOptions> = {}) => AwsKms.open({ endpoint: kms.url, credentials, ...options });

describe("AWS KMS by its documented API", () => {
  let wrapper: AwsKms;
  beforeAll(async () => {
    wrapper = await open();
  });
  keyWrapperContract(() => ({ wrapper, newKek: async () => kms.newKek(), absentKek: () => kms.absentKek() }), {
    destroys: "after-window",
    isExportable: false,
  });

  it.each<[KeyState, string]>([
    ["Disabled", "KMS_KEY_DISABLED"],
    ["PendingDeletion", "KMS_KEY_PENDING_DELETION"],
  ])("says of a key in the state %s that it is", async (state, code) => {
    const kek = kms.newKek();
    const wrapped = await wrapper.wrap(kek, key, context);
    kms.setState(kek, state);
    const codes = [
      await codeOfAsync(wrapper.wrap(kek, key, context)),
      await codeOfAsync(wrapper.unwrap(kek, wrapped, context)),
      await codeOfAsync(wrapper.ensureKek(kek)),
    ];
    expect(codes).toEqual([code, code, code]);
    kms.setState(kek, "Enabled");
    expect(await codeOfAsync(wrapper.unwrap(kek, wrapped, context))).toBe("done");
  });

  it("asks each key's own region", async () => {
    const kek = kms.newKek({ region: "us-west-2" });
    expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("done");
  });

  it("asks no other region than the deployment's", async () => {
    const before = kms.asked.length;
    const bound = await open({ region: "eu-central-1" });
    expect(await codeOfAsync(bound.wrap(kms.newKek({ region: "us-west-2" }), key, context))).toBe("KMS_REGION_WRONG");
    expect(kms.asked.length).toBe(before);
  });

  it("binds the tenant beside the context", async () => {
    const kek = kms.newKek();
    const wrapped = await wrapper.wrap(kek, key, context);
    const other = { ...kek, tenantId: new Uint8Array(16).fill(2) };
    expect(await codeOfAsync(wrapper.unwrap(other, wrapped, context))).toBe("KMS_CONTEXT_MISMATCH");
  });

  it.each([
    "alias/kek",
    "arn:aws:kms:eu-central-1:111122223333:alias/kek",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:s3:::bucket",
    "",
  ])("takes %j for no key", async (keyRef) => {
    expect(await codeOfAsync(wrapper.describe({ ...kms.absentKek(), keyRef }))).toBe("KMS_KEY_REF_INVALID");
  });
});

describe("the address of AWS KMS", () => {
  it.each([
    ["arn:aws:kms:eu-central-1:", "https://kms.eu-central-1.amazonaws.com"],
    ["arn:aws-us-gov:kms:us-gov-west-1:", "https://kms.us-gov-west-1.amazonaws.com"],
    ["arn:aws-cn:kms:cn-north-1:", "https://kms.cn-north-1.amazonaws.com.cn"],
  ])("is that of the ARN, whatever the environment says: %s", (start, address) => {
    expect(awsAddressOf({ keyRef: `${start}111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab` })).toBe(address);
  });

  it("is asked for where it isn't public", () => {
    const keyRef = "arn:aws-iso:kms:us-iso-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    expect(codeOf(() => awsAddressOf({ keyRef }))).toBe("KMS_CONFIG_INVALID");
  });
});

describe("AWS KMS in trouble", () => {
  it.each([
    ["error", "KMS_UNREACHABLE"],
    ["throttled", "KMS_THROTTLED"],
    ["denied", "KMS_PERMISSION_DENIED"],
    ["expired", "KMS_CREDENTIAL_REFUSED"],
  ] as const)("is told as it is: %s", async (kind, code) => {
    const [kek, wrapper] = [kms.newKek(), await open()];
    kms.begin({ kind }, kek);
    const before = kms.asked.length;
    expect(await codeOfAsync(wrapper.unwrap(kek, randomBytes(60), context))).toBe(code);
    // AWS' client repeats nothing by itself.
    expect(kms.asked.length).toBe(before + 1);
    kms.end();
  });

  it("is unreachable where nobody listens", async () => {
    const wrapper = await open({ endpoint: "http://127.0.0.1:1" });
    expect(await codeOfAsync(wrapper.wrap(kms.newKek(), key, context))).toBe("KMS_UNREACHABLE");
  });

  it("is not asked without a credential", async () => {
    const none = () => Promise.reject(Object.assign(new Error("none"), { name: "CredentialsProviderError" }));
    const wrapper = await open({ credentials: none });
    expect(await codeOfAsync(wrapper.wrap(kms.newKek(), key, context))).toBe("KMS_CREDENTIAL_REFUSED");
  });
});

describe("AWS KMS and a Nitro enclave", () => {
  const pcr0 = randomBytes(48);
  const enclave = (measurement = pcr0) =>
    open({ document: async (publicKey) => nitroDocument(measurement, publicKey) });

  it("give the key to the measured program, sealed to it", async () => {
    const [kek, wrapper] = [kms.newKek({ pcr0 }), await enclave()];
    const wrapped = await wrapper.wrap(kek, key, context);
    expect(Buffer.from(await wrapper.unwrap(kek, wrapped, context))).toEqual(key);
  });

  it("give it to the measured program with a credential that the tenant gave, and to no other with the same", async () => {
    const environment = kmsConfig.parse({
      CLOISTER_KEYS_KMS: "aws-kms",
      CLOISTER_KEYS_AWS_ENDPOINT: kms.url,
      CLOISTER_KEYS_AWS_CREDENTIAL: "unlock",
    });
    const unlocked = (measurement: Uint8Array) => {
      const document = async (publicKey: Uint8Array) => nitroDocument(measurement, publicKey);
      return openWithCredential(environment, { clock: new FakeClock(), document })("aws-kms", {
        kind: "aws",
        ...credentials,
      });
    };
    const [kek, wrapper, other] = [kms.newKek({ pcr0 }), await unlocked(pcr0), await unlocked(randomBytes(48))];
    const wrapped = await wrapper.wrap(kek, key, context);
    expect(Buffer.from(await wrapper.unwrap(kek, wrapped, context))).toEqual(key);
    expect(await codeOfAsync(other.unwrap(kek, wrapped, context))).toBe("KMS_PERMISSION_DENIED");
  });

  it("give it to no other program, and to none without evidence", async () => {
    const [kek, wrapper] = [kms.newKek({ pcr0 }), await enclave()];
    const wrapped = await wrapper.wrap(kek, key, context);
    const others = [await enclave(randomBytes(48)), await open()];
    const codes = await Promise.all(others.map((other) => codeOfAsync(other.unwrap(kek, wrapped, context))));
    expect(codes).toEqual(["KMS_PERMISSION_DENIED", "KMS_PERMISSION_DENIED"]);
  });

  it("take no document that was changed on its way", async () => {
    const kek = kms.newKek({ pcr0 });
    const wrapped = await (await open()).wrap(kek, key, context);
    const changed = await open({
      document: async (publicKey) => {
        const document = Buffer.from(nitroDocument(pcr0, publicKey));
        const last = document.length - 1;
        document[last] = (document[last] ?? 0) ^ 1;
        return document;
      },
    });
    expect(await codeOfAsync(changed.unwrap(kek, wrapped, context))).toBe("KMS_PERMISSION_DENIED");
  });
});

describe("what is sealed to an enclave", () => {
  let publicKey: Uint8Array = new Uint8Array();
  let recipient: Recipient;
  beforeAll(async () => {
    recipient = await Recipient.create(async (bytes) => {
      publicKey = bytes;
      return bytes;
    });
    await recipient.parameter();
  });

  it.each([1, 16, 32, 64])("opens, in pieces and whole: %i bytes", (length) => {
    const plaintext = randomBytes(length);
    const opened = [7, 16, 4_096].map((pieceBytes) =>
      recipient.open(envelopedData(publicKey, plaintext, { pieceBytes })),
    );
    expect(opened).toEqual([plaintext, plaintext, plaintext]);
  });

  it("is refused in one way, whatever was changed in it", () => {
    const whole = envelopedData(publicKey, key);
    const codes = new Set<string>();
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      codes.add(codeOf(() => requireKey(recipient.open(changed))));
    }
    for (let length = 0; length < whole.length; length += 5) {
      codes.add(codeOf(() => recipient.open(whole.subarray(0, length))));
    }
    codes.delete("done");
    expect(codes).toEqual(new Set(["KMS_ANSWER_MALFORMED"]));
  });

  it("opens for its own enclave alone", async () => {
    const other = await Recipient.create(async (bytes) => bytes);
    expect(codeOf(() => other.open(envelopedData(publicKey, key)))).toBe("KMS_ANSWER_MALFORMED");
  });

  /** CBC without a tag can give other bytes: whether these are the key is the next layer's to find out. */
  function requireKey(opened: Uint8Array): void {
    if (opened.length > 48) throw new Error("more than was sealed");
  }
});
