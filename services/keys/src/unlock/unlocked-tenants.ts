import { KeysError } from "../errors.ts";
import type { KmsCredential } from "../kms/kms-credential.ts";
import type { Credentials } from "../kms/unlocked-kms.ts";

/** A tenant's word, and what it came with. */
export interface Unlocked {
  /** The signed note. */
  readonly statement: Uint8Array;
  readonly issuedAtMs: number;
  /** Salt and JSON as they were sealed, to pass on; undefined after a lock. */
  readonly sealedText: Uint8Array | undefined;
  readonly credential: KmsCredential | undefined;
}

/**
 * Until this process ends or the tenant locks it; in memory, and nowhere else. Each tenant's newest word counts. Anybody
 * can make a tenant's root, so what comes before a first policy makes room for others, the oldest first.
 */
export class UnlockedTenants implements Credentials {
  readonly #unlocked = new Map<string, Unlocked>();
  /** In hex, those of whom no policy was in force when they spoke. */
  readonly #withoutPolicy = new Set<string>();
  readonly #capacity: number;

  /** @param capacity how many tenants' words are kept at most */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  of(tenantIdHex: string): KmsCredential | undefined {
    return this.#unlocked.get(tenantIdHex)?.credential;
  }

  get all(): ReadonlyMap<string, Unlocked> {
    return this.#unlocked;
  }

  /**
   * False for a word that is not newer than the one that is known.
   * @throws KeysError UNLOCKS_FULL for one tenant more than are kept
   */
  put(tenantIdHex: string, unlocked: Unlocked, { hasPolicy }: { readonly hasPolicy: boolean }): boolean {
    const known = this.#unlocked.get(tenantIdHex);
    if (known !== undefined && known.issuedAtMs >= unlocked.issuedAtMs) return false;
    if (known === undefined && !this.#hasRoom()) {
      unlocked.sealedText?.fill(0);
      const sentence = `keys holds what ${this.#capacity} tenants unlocked it with, and takes no more.`;
      throw new KeysError("UNLOCKS_FULL", sentence);
    }
    known?.sealedText?.fill(0);
    this.#unlocked.set(tenantIdHex, unlocked);
    if (hasPolicy) this.keep(tenantIdHex);
    else this.#withoutPolicy.add(tenantIdHex);
    return true;
  }

  /** Its first policy is in force: it makes room for nobody any more. */
  keep(tenantIdHex: string): void {
    this.#withoutPolicy.delete(tenantIdHex);
  }

  destroy(): void {
    for (const tenantIdHex of [...this.#unlocked.keys()]) this.#forget(tenantIdHex);
  }

  #hasRoom(): boolean {
    const [oldest] = this.#withoutPolicy;
    if (this.#unlocked.size >= this.#capacity && oldest !== undefined) this.#forget(oldest);
    return this.#unlocked.size < this.#capacity;
  }

  #forget(tenantIdHex: string): void {
    this.#unlocked.get(tenantIdHex)?.sealedText?.fill(0);
    this.#unlocked.delete(tenantIdHex);
    this.#withoutPolicy.delete(tenantIdHex);
  }

  toJSON(): string {
    return "[credentials]";
  }
}
