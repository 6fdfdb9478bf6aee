import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { openKms } from "../src/adapters/open-kms.ts";
import { kmsConfig } from "../src/kms/kms-variables.ts";
import { codeOfAsync } from "./codes.ts";

// AWS' client takes its time to load where machines are busy.
jest.setTimeout(60_000);

const vault = { CLOISTER_KEYS_KMS: "openbao", CLOISTER_KEYS_VAULT_TOKEN_FILE: "/run/token" };
const at = (address: string) => ({ ...vault, CLOISTER_KEYS_VAULT_ADDRESS: address });
const awsAt = (endpoint: string) => ({ CLOISTER_KEYS_KMS: "aws-kms", CLOISTER_KEYS_AWS_ENDPOINT: endpoint });

const openedWith = (environment: Readonly<Record<string, string>>): Promise<string> =>
  codeOfAsync(openKms(kmsConfig.parse(environment), { clock: { monotonicMs: () => 0 } }));

describe("the KMS that the environment configures", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_USE_ENV_PROXY"]) {
      const value = before[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  it.each([
    ["Vault", at("https://bao.example.com:8200")],
    ["Vault on this machine", at("http://127.0.0.1:8200")],
    ["AWS' own endpoint", { CLOISTER_KEYS_KMS: "aws-kms" }],
    ["a VPC endpoint of AWS KMS", awsAt("https://vpce-1.kms.eu-central-1.vpce.amazonaws.com")],
  ])("is opened for %s", async (_what, environment) => {
    expect(await openedWith(environment)).toBe("done");
  });

  it.each([
    ["Vault", at("http://bao.example.com:8200")],
    ["a Vault that looks like this machine", at("http://127.0.0.1.example.com:8200")],
    ["AWS KMS", awsAt("http://kms.eu-central-1.amazonaws.com")],
  ])("is refused where keys would travel to %s in clear", async (_what, environment) => {
    expect(await openedWith(environment)).toBe("KMS_CONFIG_INVALID");
  });

  it("is refused while Node is told to believe any certificate", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    expect(await openedWith(at("https://bao.example.com:8200"))).toBe("KMS_CONFIG_INVALID");
  });

  it("is refused where what goes to this machine in clear would go through a proxy", async () => {
    process.env["NODE_USE_ENV_PROXY"] = "1";
    expect([
      await openedWith(at("http://127.0.0.1:8200")),
      await openedWith(at("https://bao.example.com:8200")),
    ]).toEqual(["KMS_CONFIG_INVALID", "done"]);
  });

  it.each([
    ["an address", { CLOISTER_KEYS_KMS: "vault" }],
    ["a token", { CLOISTER_KEYS_KMS: "vault", CLOISTER_KEYS_VAULT_ADDRESS: "https://bao.example.com" }],
    ["a library", { CLOISTER_KEYS_KMS: "pkcs11" }],
    ["a keyring", { CLOISTER_KEYS_KMS: "local" }],
  ])("is refused without %s", async (_what, environment) => {
    expect(await openedWith(environment)).toBe("KMS_CONFIG_INVALID");
  });
});
