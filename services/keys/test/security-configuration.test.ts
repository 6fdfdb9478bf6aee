import { describe, expect, it } from "@jest/globals";
import { securityConfiguration } from "@cloister/service-keys";
import { kmsConfig, type KmsEnvironment } from "../src/kms/kms-variables.ts";

const settings = {
  CLOISTER_KEYS_KMS: "openbao,aws-kms,pkcs11",
  CLOISTER_KEYS_VAULT_ADDRESS: "https://bao.example.com:8200",
  CLOISTER_KEYS_VAULT_NAMESPACE: "cloister",
  CLOISTER_KEYS_AWS_REGION: "eu-central-1",
  CLOISTER_KEYS_AWS_ENDPOINT: "https://kms.example.com",
  CLOISTER_KEYS_PKCS11_MODULE: "/usr/lib/softhsm/libsofthsm2.so",
};

const stated = (environment: Readonly<Record<string, string>>) =>
  JSON.stringify(securityConfiguration(kmsConfig.parse(environment)));

describe("what the evidence of keys states of its settings", () => {
  it.each([
    ["CLOISTER_KEYS_KMS", "openbao,aws-kms"],
    ["CLOISTER_KEYS_VAULT_ADDRESS", "https://bao.example.org:8200"],
    ["CLOISTER_KEYS_VAULT_NAMESPACE", "other"],
    ["CLOISTER_KEYS_AWS_REGION", "eu-west-1"],
    ["CLOISTER_KEYS_AWS_ENDPOINT", "https://kms.example.org"],
    ["CLOISTER_KEYS_PKCS11_MODULE", "/usr/lib/libhsm.so"],
  ])("is another with another %s", (name, value) => {
    expect(stated({ ...settings, [name]: value })).not.toBe(stated(settings));
  });

  it("is another where a tenant runs it for itself alone", () => {
    const ofTenant = securityConfiguration({ ...kmsConfig.parse({}), tenants: ["ab".repeat(16)] });
    expect(ofTenant).not.toEqual(securityConfiguration(kmsConfig.parse({})));
  });

  it("is another with other keys that attest GPUs, since whoever chose them could attest his", () => {
    const [one, other] = ["aa", "bb"].map((digit) =>
      securityConfiguration({ ...kmsConfig.parse({}), gpuKeysDigestHex: digit.repeat(32) }),
    );
    expect(one).not.toEqual(other);
    expect(one).not.toEqual(securityConfiguration(kmsConfig.parse({})));
  });

  it("is the same in whichever order the KMS are named", () => {
    expect(stated({ ...settings, CLOISTER_KEYS_KMS: "pkcs11, openbao ,aws-kms" })).toBe(stated(settings));
  });

  it("says nothing of a KMS where there is a keyring alone, and no secret's place anywhere", () => {
    const local: KmsEnvironment = kmsConfig.parse({ CLOISTER_KEYS_KEYRING_FILE: "/run/keyring.json" });
    expect(securityConfiguration(local)).toEqual({ role: "keys" });
    expect(stated({ ...settings, CLOISTER_KEYS_PKCS11_PIN_FILE: "/run/pin" })).toBe(stated(settings));
  });
});
