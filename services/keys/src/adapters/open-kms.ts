import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { codeOf, readSecretFile, type Clock } from "@cloister/service";
import type { KeyWrapper, KmsProvider } from "../kms/key-wrapper.ts";
import { KmsByProvider } from "../kms/kms-by-provider.ts";
import { KmsError } from "../kms/kms-errors.ts";
import { LockedKms, type OpenWithCredential } from "../kms/unlocked-kms.ts";
import { hasExternalKms, providersOf, type KmsEnvironment } from "../kms/kms-variables.ts";
import { AwsKms } from "./aws/aws-kms.ts";
import type { NitroDocument } from "./aws/recipient.ts";
import { loadPeer } from "./load-peer.ts";
import { LocalKeyring } from "./local-keyring.ts";
import { Pkcs11Kms, type Pkcs11Options } from "./pkcs11/pkcs11-kms.ts";
import { VaultTransit, type VaultOptions } from "./vault/vault-transit.ts";
import type { VaultLogin } from "./vault/vault-session.ts";

export interface OpenKmsOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** In a Nitro enclave: AWS KMS seals its answers to it. */
  readonly document?: NitroDocument;
  /** For an HSM's library whose process needs more than what is there for all programs. */
  readonly hsm?: Pick<Pkcs11Options, "environment" | "sdk">;
  /** Opening writes nothing, not even a keyring that is to be sealed. */
  readonly isReadOnly?: boolean;
}

/**
 * Every KMS that the environment configures, each KEK at the one that its tenant's policy names.
 * @throws KmsError KMS_CONFIG_INVALID, KMS_SDK_MISSING, those of `LocalKeyring.open`; ServiceError of `readSecretFile`
 */
export async function openKms(environment: KmsEnvironment, options: OpenKmsOptions): Promise<KmsByProvider> {
  requireVerifiedTls(environment);
  const providers = providersOf(environment);
  // Of both names, since both speak one API; a deployment has one address of it.
  const isVault = (provider: KmsProvider): boolean => provider === "vault" || provider === "openbao";
  const vault = providers.some(isVault) ? await openVault(environment, options) : undefined;
  const wrappers: Partial<Record<KmsProvider, KeyWrapper>> = {};
  for (const provider of providers) {
    wrappers[provider] = isVault(provider) && vault ? vault : await openOne(provider, environment, options);
  }
  return new KmsByProvider(wrappers, options.document === undefined ? [] : ["aws-kms"]);
}

/** Opens the same KMS with a credential that a tenant gave. */
export function openWithCredential(environment: KmsEnvironment, options: OpenKmsOptions): OpenWithCredential {
  return async (provider, credential) => {
    const { awsRegion: region, awsEndpoint: endpoint } = environment;
    switch (credential.kind) {
      case "vault-token": {
        const { token } = credential;
        const login = { method: "token", token: () => Promise.resolve(token) } as const;
        return new VaultTransit({ ...vaultOf(environment), clock: options.clock, login });
      }
      case "vault-approle": {
        const { roleId, secretId, mount = "approle" } = credential;
        const login = { method: "approle", mount, roleId, secretId: () => Promise.resolve(secretId) } as const;
        return new VaultTransit({ ...vaultOf(environment), clock: options.clock, login });
      }
      case "aws": {
        const { kind: _, sessionToken, ...key } = credential;
        const { document } = options;
        return AwsKms.open({
          ...(region && { region }),
          ...(endpoint && { endpoint }),
          ...(document && { document }),
          credentials: { ...key, ...(sessionToken && { sessionToken }) },
        });
      }
      case "pkcs11": {
        const module = required(environment.pkcs11Module, "CLOISTER_KEYS_PKCS11_MODULE");
        const { pin } = credential;
        return new Pkcs11Kms({ ...options.hsm, module, pin: () => Promise.resolve(pin) });
      }
    }
  };
}

async function openOne(
  provider: KmsProvider,
  environment: KmsEnvironment,
  options: OpenKmsOptions,
): Promise<KeyWrapper> {
  const { awsRegion: region, awsEndpoint: endpoint } = environment;
  const { document } = options;
  if (endpoint !== undefined) requireTls(endpoint, "CLOISTER_KEYS_AWS_ENDPOINT");
  switch (provider) {
    case "local":
      return openKeyring(environment, options);
    case "vault":
    case "openbao":
      return openVault(environment, options);
    case "aws-kms":
      if (environment.awsCredential === "unlock") return new LockedKms(provider);
      return AwsKms.open({ ...(region && { region }), ...(endpoint && { endpoint }), ...(document && { document }) });
    case "pkcs11": {
      const module = required(environment.pkcs11Module, "CLOISTER_KEYS_PKCS11_MODULE");
      const { pkcs11PinFile: pinFile } = environment;
      // Said at the start; it is loaded by the process that holds the HSM's library.
      if (options.hsm?.sdk === undefined) {
        await loadPeer("pkcs11js", async () => createRequire(import.meta.url).resolve("pkcs11js"));
      }
      return pinFile === undefined
        ? new LockedKms(provider)
        : new Pkcs11Kms({ ...options.hsm, module, pin: () => readSecretFile(pinFile) });
    }
  }
}

async function openKeyring(
  { keyringFile, keyringPassphraseFile }: KmsEnvironment,
  { isReadOnly = false }: OpenKmsOptions,
): Promise<LocalKeyring> {
  const path = required(keyringFile, "CLOISTER_KEYS_KEYRING_FILE");
  if (keyringPassphraseFile === undefined) return LocalKeyring.open(path, { isReadOnly });
  return LocalKeyring.open(path, { isReadOnly, passphrase: await readSecretFile(keyringPassphraseFile) });
}

async function openVault(environment: KmsEnvironment, { clock }: OpenKmsOptions): Promise<KeyWrapper> {
  const place = vaultOf(environment);
  const login = loginOf(environment);
  return login === undefined ? new LockedKms("vault") : new VaultTransit({ ...place, clock, login });
}

function vaultOf({ vaultAddress, vaultNamespace: namespace }: KmsEnvironment): Omit<VaultOptions, "clock" | "login"> {
  const address = required(vaultAddress, "CLOISTER_KEYS_VAULT_ADDRESS");
  requireTls(address, "CLOISTER_KEYS_VAULT_ADDRESS");
  return { address, ...(namespace && { namespace }) };
}

/** Undefined where tenants give their own. */
function loginOf(environment: KmsEnvironment): VaultLogin | undefined {
  const { vaultAuth: method, vaultAuthMount: mount = method, vaultRole, vaultJwtFile } = environment;
  switch (method) {
    case "unlock":
      return undefined;
    case "token": {
      const tokenFile = required(environment.vaultTokenFile, "CLOISTER_KEYS_VAULT_TOKEN_FILE");
      return { method, token: () => readSecretFile(tokenFile) };
    }
    case "approle": {
      const secretIdFile = required(environment.vaultSecretIdFile, "CLOISTER_KEYS_VAULT_SECRET_ID_FILE");
      const roleId = required(vaultRole, "CLOISTER_KEYS_VAULT_ROLE");
      return { method, mount, roleId, secretId: () => readSecretFile(secretIdFile) };
    }
    case "kubernetes":
      return { method, mount, role: required(vaultRole, "CLOISTER_KEYS_VAULT_ROLE"), jwt: () => readJwt(vaultJwtFile) };
  }
}

/** The kubelet writes it for the pod's user and others to read, inside the pod alone. */
async function readJwt(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw invalid(`the service account's token ${path} can't be read (${codeOf(cause)})`);
  }
}

/** Node's own switch would let anybody on the way stand in a KMS' place. */
function requireVerifiedTls(environment: KmsEnvironment): void {
  if (!hasExternalKms(environment) || process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  throw invalid("NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificates off; give your authority by NODE_EXTRA_CA_CERTS");
}

/** What is wrapped goes to the KMS in clear inside TLS. A proxy of the environment would see what stays on this machine. */
function requireTls(address: string, variable: string): void {
  const { protocol, hostname } = new URL(address);
  if (protocol === "https:") return;
  if (!["localhost", "127.0.0.1", "[::1]"].includes(hostname)) {
    throw invalid(`${variable} has to be https, since keys travel to it`);
  }
  if ((process.env["NODE_USE_ENV_PROXY"] ?? "0") === "0") return;
  throw invalid(`${variable} has to be https where NODE_USE_ENV_PROXY sends what goes to it through a proxy`);
}

function required<T>(value: T | undefined, variable: string): T {
  if (value !== undefined) return value;
  throw invalid(`${variable} is not set, and CLOISTER_KEYS_KMS needs it`);
}

const invalid = (what: string): KmsError => new KmsError("KMS_CONFIG_INVALID", `A KMS is not set up: ${what}.`);
