import { sha384 } from "@noble/hashes/sha2.js";
import { lengthPrefixed } from "./length-prefixed.ts";

/** SHA-384 of the bytes of the security-relevant configuration, 48 bytes. */
export function configurationDigest(configuration: Uint8Array): Uint8Array {
  return sha384(lengthPrefixed(["cloister/v1 configuration", configuration]));
}
