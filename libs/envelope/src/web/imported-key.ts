import { copyOf } from "../bytes.ts";
import type { NativeKey } from "./web-crypto.ts";

/** Key bytes that become a CryptoKey, which nothing exports, at their first use and are erased then. */
export class ImportedKey {
  readonly #import: (bytes: Uint8Array) => Promise<NativeKey>;
  readonly #bytes: Uint8Array;
  #key: Promise<NativeKey> | undefined;
  #isDestroyed = false;

  /** Copies the bytes. */
  constructor(bytes: Uint8Array, importBytes: (bytes: Uint8Array) => Promise<NativeKey>) {
    this.#bytes = copyOf(bytes);
    this.#import = importBytes;
  }

  /** Rejects when the key was destroyed, or its bytes are no such key. */
  async get(): Promise<NativeKey> {
    if (this.#isDestroyed) throw new Error("The key was destroyed.");
    this.#key ??= this.#import(this.#bytes).finally(() => this.#bytes.fill(0));
    return this.#key;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#key = undefined;
    this.#bytes.fill(0);
  }
}

/** PKCS #8 (RFC 8410 section 7) of a 32-byte private key, which is how WebCrypto imports one. */
export function pkcs8(curve: "X25519" | "Ed25519", privateKey: Uint8Array): Uint8Array {
  const lastOidByte = curve === "X25519" ? 0x6e : 0x70;
  const prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, lastOidByte, 4, 0x22, 4, 0x20];
  return Uint8Array.of(...prefix, ...privateKey);
}
