import { Suite } from "@cloister/contracts/envelope";
import type { AeadKey } from "../backend.ts";
import { nobleBackend } from "../backends/noble.ts";
import { ImportedKey } from "./imported-key.ts";
import { isOperationError, type NativeAlgorithms, type Subtle } from "./web-crypto.ts";
import type { Awaitable } from "./async-backend.ts";

const USAGES = ["encrypt", "decrypt"];
const TAG_BITS = 128;

/** One key for both suites; each is imported when it is first used. */
export function webAeadKey(
  subtle: Subtle,
  native: NativeAlgorithms,
  bytes: Uint8Array,
): AeadKey<Awaitable<void>, Awaitable<Uint8Array | undefined>> {
  if (bytes.length !== 32) throw new RangeError("An AEAD key has 32 bytes.");
  const aes = nativeAeadKey(subtle, "AES-GCM", "raw", bytes);
  const chacha = native.chacha20Poly1305
    ? nativeAeadKey(subtle, "ChaCha20-Poly1305", "raw-secret", bytes)
    : nobleBackend.aeadKey(bytes);
  const keyFor = (suite: Suite): AeadKey<Awaitable<void>, Awaitable<Uint8Array | undefined>> =>
    suite === Suite.AES_256_GCM ? aes : chacha;
  return {
    seal: (suite, nonce, aad, plaintext, into) => keyFor(suite).seal(suite, nonce, aad, plaintext, into),
    open: (suite, nonce, aad, sealed) => keyFor(suite).open(suite, nonce, aad, sealed),
    destroy: () => {
      aes.destroy();
      chacha.destroy();
    },
  };
}

function nativeAeadKey(
  subtle: Subtle,
  name: "AES-GCM" | "ChaCha20-Poly1305",
  format: "raw" | "raw-secret",
  bytes: Uint8Array,
): AeadKey<Promise<void>, Promise<Uint8Array | undefined>> {
  const key = new ImportedKey(bytes, (copy) => subtle.importKey(format, copy, { name }, false, USAGES));
  const parameters = (nonce: Uint8Array, aad: Uint8Array) => ({
    name,
    iv: nonce,
    additionalData: aad,
    tagLength: TAG_BITS,
  });
  return {
    seal: async (_suite, nonce, aad, plaintext, into) => {
      into.set(new Uint8Array(await subtle.encrypt(parameters(nonce, aad), await key.get(), plaintext)));
    },
    open: async (_suite, nonce, aad, sealed) => {
      const imported = await key.get();
      try {
        return new Uint8Array(await subtle.decrypt(parameters(nonce, aad), imported, sealed));
      } catch (error) {
        if (isOperationError(error)) return undefined;
        throw error;
      }
    },
    destroy: () => {
      key.destroy();
    },
  };
}
