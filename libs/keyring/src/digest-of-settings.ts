import { configurationDigest } from "@cloister/attestation";

/** SHA-384 of a service's security-relevant settings as JSON, 48 bytes: what evidence states and policies allow. */
export function digestOfSettings(settings: Readonly<Record<string, unknown>>): Uint8Array {
  return configurationDigest(new TextEncoder().encode(JSON.stringify(settings)));
}
