import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { codeOf, httpUrl, readSecretFile, ServiceError, variable } from "@cloister/service";
import { z } from "zod";
import type { KeysAddress } from "./keys-transport.ts";

/** The three doors of `keys`. */
export type KeysDoor = "authority" | "release" | "lifecycle";

const tokenFile = z.string().min(1).optional();

const entry = z.strictObject({
  url: httpUrl,
  authorityTokenFile: tokenFile,
  releaseTokenFile: tokenFile,
  lifecycleTokenFile: tokenFile,
});

const registry = z
  .record(z.string(), entry)
  .refine(
    (entries) => Object.keys(entries).every((tenant) => /^[0-9a-f]{32}$/u.test(tenant)),
    "each tenant is named by its id, 32 hex digits",
  );

/** Spread into the configuration of whoever calls `keys`. */
export const tenantKeysVariable = {
  tenantKeysFile: variable("CLOISTER_KEYS_TENANTS_FILE", z.string().min(1).optional(), {
    description:
      "File that says which tenants run keys themselves, and where (docs/keys.md); all others are at CLOISTER_KEYS_URL",
  }),
};

/**
 * Where the `keys` of tenants that run it themselves listen, by tenant id in hex, with the credential of one door. The
 * file is the operator's and trusted for nothing: whoever answers there has to prove itself to the tenant's policy.
 * @throws ServiceError CONFIG_INVALID; as `readSecretFile` for the door's token
 */
export async function readTenantKeys(
  file: string | undefined,
  door: KeysDoor,
): Promise<ReadonlyMap<string, KeysAddress>> {
  if (file === undefined) return new Map();
  const entries = Object.entries(await parsedFile(file));
  const addresses = entries.map(async ([tenant, entry]): Promise<[string, KeysAddress]> => {
    const token = entry[`${door}TokenFile`];
    if (token === undefined) throw invalid(file, `${tenant} has no ${door}TokenFile`);
    // As from the folder of the file itself, so that one folder can be mounted as a whole.
    return [tenant, { url: entry.url, credential: await readSecretFile(resolve(dirname(file), token)) }];
  });
  return new Map(await Promise.all(addresses));
}

async function parsedFile(file: string): Promise<z.infer<typeof registry>> {
  try {
    const parsed = registry.safeParse(JSON.parse(await readFile(file, "utf8")));
    if (parsed.success) return parsed.data;
    throw invalid(file, z.prettifyError(parsed.error).replaceAll("\n", " "));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw invalid(file, error instanceof SyntaxError ? "it is no JSON" : codeOf(error));
  }
}

const invalid = (file: string, what: string): ServiceError =>
  new ServiceError("CONFIG_INVALID", `CLOISTER_KEYS_TENANTS_FILE, ${file}: ${what}`);
