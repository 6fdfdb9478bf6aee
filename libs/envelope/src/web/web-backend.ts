import { sha256 } from "@noble/hashes/sha2.js";
import { nobleBackend } from "../backends/noble.ts";
import { webAeadKey } from "./aead.ts";
import type { AsyncBackend } from "./async-backend.ts";
import { webSigner, webVerifier } from "./signing.ts";
import { detectNativeAlgorithms, type NativeAlgorithms, type WebCrypto } from "./web-crypto.ts";
import { webKemSecret, webKemTarget } from "./xwing.ts";

export interface WebBackend extends AsyncBackend {
  readonly native: NativeAlgorithms;
}

/** Below this a digest in JavaScript is over before WebCrypto has answered. */
const SHORT_BYTES = 4096;

/**
 * A backend on WebCrypto, of a browser or of Node: asks once what the runtime has and takes the rest from @noble. Its
 * keys are made by the same functions as all others and used with `sealEnvelopeWeb` and `openEnvelopeWeb`.
 * @throws Error where there is no WebCrypto, as on a page that did not come by https
 */
export async function createWebBackend(
  // The compiler's types are older than ML-KEM in WebCrypto; every method that is missing is found out below.
  crypto: WebCrypto = globalThis.crypto as unknown as WebCrypto,
): Promise<WebBackend> {
  const subtle = requireSubtle(crypto);
  const native = await detectNativeAlgorithms(subtle);
  return {
    name: "web",
    native,
    randomBytes: (length) => {
      const bytes = new Uint8Array(length);
      crypto.getRandomValues(bytes);
      return bytes;
    },
    digests: {
      sha256: async (bytes) =>
        bytes.length < SHORT_BYTES ? sha256(bytes) : new Uint8Array(await subtle.digest("SHA-256", bytes)),
      hkdf: async (ikm, salt, info, length) => {
        const key = await subtle.importKey("raw", ikm, { name: "HKDF" }, false, ["deriveBits"]);
        return new Uint8Array(await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8));
      },
    },
    aeadKey: (key) => webAeadKey(subtle, native, key),
    kemSecret: (seed) => webKemSecret(subtle, native, seed),
    kemTarget: (publicKey) => webKemTarget(subtle, native, publicKey),
    signer: (seed) => (native.ed25519 ? webSigner(subtle, seed) : nobleBackend.signer(seed)),
    verifier: (publicKey) => (native.ed25519 ? webVerifier(subtle, publicKey) : nobleBackend.verifier(publicKey)),
  };
}

function requireSubtle({ subtle }: { readonly subtle?: WebCrypto["subtle"] }): WebCrypto["subtle"] {
  if (subtle) return subtle;
  throw new Error("There is no WebCrypto here. A browser has it on pages that came by https, or from localhost.");
}
