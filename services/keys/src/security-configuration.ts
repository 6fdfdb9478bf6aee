import { hasExternalKms, providersOf, type KmsEnvironment } from "./kms/kms-variables.ts";

type Settings = Pick<KmsEnvironment, "kms"> &
  Partial<KmsEnvironment> & {
    /** SHA-256 of the JWKS of the service that attests GPUs. */
    readonly gpuKeysDigestHex?: string;
    /** Of `addedAuthoritiesDigest`: who else may certify a KMS' address. */
    readonly addedAuthoritiesHex?: string | undefined;
    /** Of a `keys` that a tenant runs for itself: whom alone it serves, in hex. */
    readonly tenants?: readonly string[] | undefined;
  };

/**
 * The settings whose digest the evidence states and a policy allows: whoever could change where a KMS is, or who
 * certifies its address, could have tenants' keys wrapped at a place of its own, and whose keys attest GPUs could attest his. There is none here that a
 * policy could loosen.
 */
export function securityConfiguration(settings: Settings = { kms: "local" }): Readonly<Record<string, unknown>> {
  const { gpuKeysDigestHex, tenants } = settings;
  return {
    role: "keys",
    ...(hasExternalKms(settings) && { kms: kmsSettings(settings) }),
    ...(gpuKeysDigestHex !== undefined && { gpuKeys: gpuKeysDigestHex }),
    ...(tenants !== undefined && { tenants }),
  };
}

function kmsSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { vaultAddress, vaultNamespace, awsRegion, awsEndpoint, pkcs11Module, addedAuthoritiesHex } = settings;
  return {
    providers: providersOf(settings),
    ...(vaultAddress !== undefined && { vaultAddress }),
    ...(vaultNamespace !== undefined && { vaultNamespace }),
    ...(awsRegion !== undefined && { awsRegion }),
    ...(awsEndpoint !== undefined && { awsEndpoint }),
    ...(pkcs11Module !== undefined && { pkcs11Module }),
    ...(addedAuthoritiesHex !== undefined && { addedAuthorities: addedAuthoritiesHex }),
  };
}
