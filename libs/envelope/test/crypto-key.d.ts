// The types of @hpke/* name the browser's CryptoKey, which the compiler's DOM library would bring with all the rest.
import type { webcrypto } from "node:crypto";

declare global {
  type CryptoKey = webcrypto.CryptoKey;
  type CryptoKeyPair = webcrypto.CryptoKeyPair;
}
