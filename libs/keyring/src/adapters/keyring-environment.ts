import { httpUrl, readSecretFile, variable, type Clock, type Log } from "@cloister/service";
import { z } from "zod";
import type { Machine } from "../attested-machine.ts";
import type { KeySource } from "../key-source.ts";
import type { KeyringOptions } from "../keyring.ts";
import { keysTransport } from "../keys-transport.ts";
import { openKeyring } from "../open-keyring.ts";
import { readTenantKeys, tenantKeysVariable } from "../tenant-keys.ts";

/** The environment variables by which every attested service reaches `keys`; spread into its own definition. */
export const keyringVariables = {
  keysUrl: variable("CLOISTER_KEYS_URL", httpUrl, {
    description:
      "Where the Release door of keys listens (gRPC), https://HOST:PORT; both sides make their certificates themselves",
  }),
  ...tenantKeysVariable,
  releaseTokenFile: variable("CLOISTER_KEYS_RELEASE_TOKEN_FILE", z.string().min(1), {
    description: "File with the credential of the Release door; what may be read is decided by evidence, not by it",
  }),
};

export interface KeyringEnvironment {
  readonly keysUrl: string;
  readonly tenantKeysFile?: string | undefined;
  readonly releaseTokenFile: string;
}

export interface KeyringOwner {
  readonly role: KeyringOptions["role"];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The keyring of a service that runs as a process of its own.
 * @throws ServiceError as `readSecretFile` and `readTenantKeys`
 */
export async function keyringFromEnvironment(
  { keysUrl: url, tenantKeysFile, releaseTokenFile }: KeyringEnvironment,
  { evidence, verifiers, configurationDigest, isDevelopment: allowDevelopment }: Machine,
  { role, clock, log }: KeyringOwner,
): Promise<KeySource> {
  const shared = keysTransport({ url, credential: await readSecretFile(releaseTokenFile) });
  const addresses = await readTenantKeys(tenantKeysFile, "release");
  const own = new Map([...addresses].map(([tenant, address]) => [tenant, keysTransport(address)]));
  return openKeyring({ shared, own, log }, { role, evidence, verifiers, configurationDigest, allowDevelopment, clock });
}
