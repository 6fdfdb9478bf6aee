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

/** Until this process ends or the tenant locks it; in memory, and nowhere else. Each tenant's newest word counts. */
export class UnlockedTenants implements Credentials {
  readonly #unlocked = new Map<string, Unlocked>();

  of(tenantIdHex: string): KmsCredential | undefined {
    return this.#unlocked.get(tenantIdHex)?.credential;
  }

  get all(): ReadonlyMap<string, Unlocked> {
    return this.#unlocked;
  }

  /** False for a word that is not newer than the one that is known. */
  put(tenantIdHex: string, unlocked: Unlocked): boolean {
    const known = this.#unlocked.get(tenantIdHex);
    if (known !== undefined && known.issuedAtMs >= unlocked.issuedAtMs) return false;
    known?.sealedText?.fill(0);
    this.#unlocked.set(tenantIdHex, unlocked);
    return true;
  }

  destroy(): void {
    for (const { sealedText } of this.#unlocked.values()) sealedText?.fill(0);
    this.#unlocked.clear();
  }

  toJSON(): string {
    return "[credentials]";
  }
}
