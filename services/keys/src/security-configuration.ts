import { hasExternalKms, providersOf, type KmsEnvironment } from "./kms/kms-variables.ts";

type Settings = Pick<KmsEnvironment, "kms"> & Partial<KmsEnvironment>;

/**
 * The settings whose digest the evidence states and a policy allows: whoever could change where a KMS is could have
 * tenants' keys wrapped at a place of its own. There is none here that a policy could loosen.
 */
export function securityConfiguration(settings: Settings = { kms: "local" }): Readonly<Record<string, unknown>> {
  if (!hasExternalKms(settings)) return { role: "keys" };
  const { vaultAddress, vaultNamespace, awsRegion, awsEndpoint, pkcs11Module } = settings;
  return {
    role: "keys",
    kms: {
      providers: providersOf(settings),
      ...(vaultAddress !== undefined && { vaultAddress }),
      ...(vaultNamespace !== undefined && { vaultNamespace }),
      ...(awsRegion !== undefined && { awsRegion }),
      ...(awsEndpoint !== undefined && { awsEndpoint }),
      ...(pkcs11Module !== undefined && { pkcs11Module }),
    },
  };
}
