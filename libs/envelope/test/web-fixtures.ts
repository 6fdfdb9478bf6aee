import { nobleBackend } from "@cloister/envelope/noble";
import { nodeBackend } from "@cloister/envelope/node";
import { type AsyncBackend, createWebBackend, type WebCrypto } from "@cloister/envelope/web";

/** The runtime's WebCrypto as an older one would have it: these algorithms are unknown to it. */
export function webCryptoWithout(...missing: readonly string[]): WebCrypto {
  // Node's own, whose types are older than its ML-KEM.
  const { subtle } = globalThis.crypto as unknown as WebCrypto;
  const known = <Result>(name: string, run: () => Promise<Result>): Promise<Result> =>
    missing.includes(name) ? Promise.reject(new DOMException(`no ${name}`, "NotSupportedError")) : run();
  return {
    getRandomValues: (bytes) => globalThis.crypto.getRandomValues(bytes),
    subtle: {
      digest: (algorithm, data) => subtle.digest(algorithm, data),
      importKey: (...args) => known(args[2].name, () => subtle.importKey(...args)),
      generateKey: (...args) => known(args[0].name, () => subtle.generateKey(...args)),
      exportKey: (...args) => subtle.exportKey(...args),
      deriveBits: (...args) => subtle.deriveBits(...args),
      encrypt: (...args) => subtle.encrypt(...args),
      decrypt: (...args) => subtle.decrypt(...args),
      sign: (...args) => subtle.sign(...args),
      verify: (...args) => subtle.verify(...args),
      ...(!missing.includes("ML-KEM-768") && {
        encapsulateBits: subtle.encapsulateBits?.bind(subtle),
        decapsulateBits: subtle.decapsulateBits?.bind(subtle),
      }),
    } as WebCrypto["subtle"],
  };
}

export const OPTIONAL = ["X25519", "Ed25519", "ML-KEM-768", "ChaCha20-Poly1305"] as const;

/** WebCrypto with all, without one each, and without any of what may be missing; and what need not wait at all. */
export const ASYNC_BACKENDS: readonly AsyncBackend[] = [
  { ...(await createWebBackend()), name: "WebCrypto" },
  ...(await Promise.all(
    OPTIONAL.map(async (name) => ({
      ...(await createWebBackend(webCryptoWithout(name))),
      name: `WebCrypto without ${name}`,
    })),
  )),
  { ...(await createWebBackend(webCryptoWithout(...OPTIONAL))), name: "WebCrypto of an old browser" },
  nodeBackend,
  nobleBackend,
];

/** The code of the error that the promise is rejected with; an error of another class is rethrown. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && error.name === "EnvelopeError" && "code" in error) return String(error.code);
    throw error;
  }
  return "no error";
}
