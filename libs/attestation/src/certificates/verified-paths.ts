import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { lengthPrefixed } from "../length-prefixed.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type FaultyCertificate, faultOfPath, type PathFault } from "./path.ts";

export type PathOutcome =
  | { readonly path: readonly Certificate[]; readonly faulty?: undefined }
  | { readonly path?: undefined; readonly faulty: FaultyCertificate<PathFault> };

const DEFAULT_CAPACITY = 256;

/**
 * Paths whose signatures held, by the bytes of all of their certificates, so that each is parsed and checked once. At
 * most `capacity` are kept, the least recently used goes first. Faulty ones are not kept: they would push out good
 * ones. Trust in the root, validity at a time and revocation are the caller's, each time anew.
 */
export class VerifiedPaths {
  readonly #paths = new Map<string, readonly Certificate[]>();
  readonly #capacity: number;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /**
   * @param ders the leaf first, the root last.
   * @throws AttestationError EVIDENCE_MALFORMED if a certificate is not in its format.
   */
  async verify(ders: readonly Uint8Array[]): Promise<PathOutcome> {
    const known = this.known(ders);
    if (known) return { path: known };
    // Copies: who owns the bytes may change them after they were checked.
    const path = ders.map((der) => parseCertificate(der.slice()));
    const faulty = await faultOfPath(path);
    if (faulty) return { faulty };
    this.#keep(keyOf(ders), path);
    return { path };
  }

  /** The path of these certificates if it was verified before. */
  known(ders: readonly Uint8Array[]): readonly Certificate[] | undefined {
    const key = keyOf(ders);
    const path = this.#paths.get(key);
    if (path) this.#keep(key, path);
    return path;
  }

  #keep(key: string, path: readonly Certificate[]): void {
    this.#paths.delete(key);
    this.#paths.set(key, path);
    if (this.#paths.size <= this.#capacity) return;
    const [oldest] = this.#paths.keys();
    if (oldest !== undefined) this.#paths.delete(oldest);
  }
}

function keyOf(ders: readonly Uint8Array[]): string {
  return bytesToHex(sha256(lengthPrefixed(ders)));
}
