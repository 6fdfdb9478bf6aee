/** A CryptoKey, which nobody looks into. */
export interface NativeKey {
  readonly type: string;
}

interface Parameters {
  readonly name: string;
  readonly hash?: string;
  readonly salt?: Uint8Array;
  readonly info?: Uint8Array;
  readonly iv?: Uint8Array;
  readonly additionalData?: Uint8Array;
  readonly tagLength?: number;
  readonly public?: NativeKey;
}

export interface KeyPair {
  readonly privateKey: NativeKey;
  readonly publicKey: NativeKey;
}

/**
 * What of SubtleCrypto is used here: W3C Web Cryptography Level 2, and of WICG's "Modern Algorithms in the Web
 * Cryptography API" the two ML-KEM methods, which many browsers are without.
 */
export interface Subtle {
  digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: string,
    data: Uint8Array,
    algorithm: Parameters,
    isExtractable: boolean,
    usages: readonly string[],
  ): Promise<NativeKey>;
  exportKey(format: string, key: NativeKey): Promise<ArrayBuffer>;
  generateKey(algorithm: Parameters, isExtractable: boolean, usages: readonly string[]): Promise<KeyPair>;
  deriveBits(algorithm: Parameters, key: NativeKey, bits: number): Promise<ArrayBuffer>;
  encrypt(algorithm: Parameters, key: NativeKey, data: Uint8Array): Promise<ArrayBuffer>;
  decrypt(algorithm: Parameters, key: NativeKey, data: Uint8Array): Promise<ArrayBuffer>;
  sign(algorithm: Parameters, key: NativeKey, data: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: Parameters, key: NativeKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
  encapsulateBits?(
    algorithm: Parameters,
    key: NativeKey,
  ): Promise<{ readonly sharedKey: ArrayBuffer; readonly ciphertext: ArrayBuffer }>;
  decapsulateBits?(algorithm: Parameters, key: NativeKey, ciphertext: Uint8Array): Promise<ArrayBuffer>;
}

export interface WebCrypto {
  readonly subtle: Subtle;
  getRandomValues(bytes: Uint8Array): unknown;
}

/** What the runtime does itself; @noble does the rest. AES-GCM, HKDF and SHA-256 are in every WebCrypto. */
export interface NativeAlgorithms {
  readonly x25519: boolean;
  readonly ed25519: boolean;
  readonly mlKem768: boolean;
  readonly chacha20Poly1305: boolean;
}

/** Tries each algorithm once with keys that mean nothing. */
export async function detectNativeAlgorithms(subtle: Subtle): Promise<NativeAlgorithms> {
  const [x25519, ed25519, mlKem768, chacha20Poly1305] = await Promise.all([
    works(() => subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])),
    works(() => subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])),
    works(async () => {
      const { privateKey, publicKey } = await subtle.generateKey({ name: "ML-KEM-768" }, false, [
        "encapsulateBits",
        "decapsulateBits",
      ]);
      const { ciphertext } = await encapsulate(subtle, publicKey);
      await decapsulate(subtle, privateKey, new Uint8Array(ciphertext));
      await subtle.importKey("raw-seed", new Uint8Array(64), { name: "ML-KEM-768" }, false, ["decapsulateBits"]);
    }),
    works(() =>
      subtle.importKey("raw-secret", new Uint8Array(32), { name: "ChaCha20-Poly1305" }, false, ["encrypt", "decrypt"]),
    ),
  ]);
  return { x25519, ed25519, mlKem768, chacha20Poly1305 };
}

async function works(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false; // whatever the reason, this algorithm is not to be had here
  }
}

/** ML-KEM-768 to an imported public key. */
export function encapsulate(
  subtle: Subtle,
  publicKey: NativeKey,
): Promise<{ readonly sharedKey: ArrayBuffer; readonly ciphertext: ArrayBuffer }> {
  if (!subtle.encapsulateBits) throw new Error("This runtime has no encapsulateBits.");
  return subtle.encapsulateBits({ name: "ML-KEM-768" }, publicKey);
}

/** ML-KEM-768 with an imported seed. */
export function decapsulate(subtle: Subtle, privateKey: NativeKey, ciphertext: Uint8Array): Promise<ArrayBuffer> {
  if (!subtle.decapsulateBits) throw new Error("This runtime has no decapsulateBits.");
  return subtle.decapsulateBits({ name: "ML-KEM-768" }, privateKey, ciphertext);
}

/** What WebCrypto rejects with when a tag or a shared point is wrong; anything else is a fault and not an answer. */
export function isOperationError(error: unknown): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === "OperationError";
}
