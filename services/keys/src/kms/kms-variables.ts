import { defineConfig, httpUrl, variable, type ConfigOf } from "@cloister/service";
import { z } from "zod";
import type { KmsProvider } from "./key-wrapper.ts";

const file = z.string().min(1).optional();
const name = z.string().min(1).optional();

const providers = ["local", "vault", "openbao", "aws-kms", "pkcs11"] as const satisfies readonly KmsProvider[];
const isProvider = (text: string): boolean => providers.some((provider) => provider === text);

/** Where tenants' KEKs are. Which of the configured KMS a tenant's is in, and under which name, its policy says. */
export const kmsVariables = {
  kms: variable(
    "CLOISTER_KEYS_KMS",
    z
      .string()
      .refine(
        (text) => text.split(",").every((one) => isProvider(one.trim())),
        `each is one of ${providers.join(", ")}`,
      ),
    {
      description: `Where the KEKs of tenants may be, separated by commas: ${providers.join(", ")}. A policy names one of them`,
      default: "local",
    },
  ),
  keyringFile: variable("CLOISTER_KEYS_KEYRING_FILE", file, {
    description: "local (development): the keyring with the tenants' KEKs, a file, 0600, made when absent",
  }),
  keyringPassphraseFile: variable("CLOISTER_KEYS_KEYRING_PASSPHRASE_FILE", file, {
    description:
      "local: file (0600) with the passphrase that the keyring is sealed under; a keyring in clear is sealed",
  }),
  vaultAddress: variable("CLOISTER_KEYS_VAULT_ADDRESS", httpUrl.optional(), {
    description: "vault, openbao: where it listens, https://vault.example.com:8200; http on loopback alone",
  }),
  vaultNamespace: variable("CLOISTER_KEYS_VAULT_NAMESPACE", name, {
    description: "vault, openbao: the namespace that the keys are in",
  }),
  vaultAuth: variable("CLOISTER_KEYS_VAULT_AUTH", z.enum(["token", "approle", "kubernetes", "unlock"]), {
    description: "vault, openbao: how keys logs in; unlock: with what each tenant gives it (cloister keys unlock)",
    default: "token",
  }),
  vaultAuthMount: variable("CLOISTER_KEYS_VAULT_AUTH_MOUNT", name, {
    description: "vault, openbao: where the login is mounted; unset: under its own name, such as approle",
  }),
  vaultRole: variable("CLOISTER_KEYS_VAULT_ROLE", name, {
    description: "vault, openbao: the role's id (approle) or name (kubernetes)",
  }),
  vaultTokenFile: variable("CLOISTER_KEYS_VAULT_TOKEN_FILE", file, {
    description: "vault, openbao: file (0600) with the token; read again when it is refused",
  }),
  vaultSecretIdFile: variable("CLOISTER_KEYS_VAULT_SECRET_ID_FILE", file, {
    description: "vault, openbao: file (0600) with the secret id of the AppRole",
  }),
  vaultJwtFile: variable("CLOISTER_KEYS_VAULT_JWT_FILE", z.string().min(1), {
    description: "vault, openbao: file with the service account's token, as the kubelet writes it",
    default: "/var/run/secrets/kubernetes.io/serviceaccount/token",
  }),
  awsRegion: variable("CLOISTER_KEYS_AWS_REGION", name, {
    description: "aws-kms: the only region whose keys are used; unset: that of each key's ARN",
  }),
  awsCredential: variable("CLOISTER_KEYS_AWS_CREDENTIAL", z.enum(["chain", "unlock"]), {
    description: "aws-kms: what AWS' own chain finds, or what each tenant gives (cloister keys unlock)",
    default: "chain",
  }),
  awsEndpoint: variable("CLOISTER_KEYS_AWS_ENDPOINT", httpUrl.optional(), {
    description: "aws-kms: a VPC endpoint in place of AWS' own address",
  }),
  pkcs11Module: variable("CLOISTER_KEYS_PKCS11_MODULE", file, {
    description: "pkcs11: the HSM's library, such as /usr/lib/softhsm/libsofthsm2.so",
  }),
  pkcs11PinFile: variable("CLOISTER_KEYS_PKCS11_PIN_FILE", file, {
    description:
      "pkcs11: file (0600) with the PIN of the token's user; unset: each tenant gives it (cloister keys unlock)",
  }),
};

/** These alone, for who looks at a KMS without running `keys`. */
export const kmsConfig = defineConfig(kmsVariables);

export type KmsEnvironment = ConfigOf<typeof kmsVariables>;

/** True when a tenant's KEK can be somewhere else than in a file of this machine. */
export function hasExternalKms(environment: Pick<KmsEnvironment, "kms">): boolean {
  return providersOf(environment).some((provider) => provider !== "local");
}

/** The providers that CLOISTER_KEYS_KMS names. */
export function providersOf({ kms }: Pick<KmsEnvironment, "kms">): readonly KmsProvider[] {
  const named = new Set(kms.split(",").map((one) => one.trim()));
  return providers.filter((provider) => named.has(provider));
}
