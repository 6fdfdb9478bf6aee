import { idToHex } from "@cloister/envelope";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper, KmsProvider } from "./key-wrapper.ts";
import { requireKindFor, type KmsCredential } from "./kms-credential.ts";
import { kmsError } from "./kms-errors.ts";

/** Opens the KMS of a provider with another credential than the deployment's. @throws KmsError */
export type OpenWithCredential = (provider: KmsProvider, credential: KmsCredential) => Promise<KeyWrapper>;

/** What tenants have unlocked this instance with. */
export interface Credentials {
  of(tenantIdHex: string): KmsCredential | undefined;
}

/** A tenant that gave a credential of its own is asked with that one and no other; all others as before. */
export class UnlockedKms implements KeyWrapper {
  readonly #kms: KeyWrapper;
  readonly #credentials: Credentials;
  readonly #open: OpenWithCredential;
  /** By tenant in hex. Of the very credential: another one is another login. */
  readonly #opened = new Map<string, { readonly credential: KmsCredential; readonly kms: Promise<KeyWrapper> }>();

  constructor(kms: KeyWrapper, credentials: Credentials, open: OpenWithCredential) {
    this.#kms = kms;
    this.#credentials = credentials;
    this.#open = open;
  }

  async ensureKek(kek: Kek): Promise<void> {
    return (await this.#of(kek)).ensureKek(kek);
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return (await this.#of(kek)).wrap(kek, plaintext, context);
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return (await this.#of(kek)).unwrap(kek, wrapped, context);
  }

  async describe(kek: Kek): Promise<KekDescription> {
    return (await this.#of(kek)).describe(kek);
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    return (await this.#of(kek)).destroy(kek);
  }

  /** Ends the login with a credential that the tenant replaced or took back. */
  forget(tenantId: Uint8Array): void {
    void this.#end(idToHex(tenantId));
  }

  /** Ends every login. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#opened.keys()].map((id) => this.#end(id)));
  }

  async #end(id: string): Promise<void> {
    const opened = this.#opened.get(id);
    this.#opened.delete(id);
    await opened?.kms.then((kms) => kms.close?.()).catch(() => undefined);
  }

  async #of({ tenantId, provider }: Kek): Promise<KeyWrapper> {
    const id = idToHex(tenantId);
    const credential = this.#credentials.of(id);
    if (credential === undefined) return this.#kms;
    requireKindFor(provider, credential);
    const held = this.#opened.get(id);
    if (held?.credential === credential) return held.kms;
    this.forget(tenantId);
    const opened = { credential, kms: this.#open(provider, credential) };
    this.#opened.set(id, opened);
    // Tried again by the next call: what was missing may have come.
    opened.kms.catch(() => this.#opened.get(id) === opened && this.#opened.delete(id));
    return opened.kms;
  }
}

/** In place of a KMS that the deployment has no credential for: only tenants that unlock `keys` get to it. */
export class LockedKms implements KeyWrapper {
  readonly #provider: KmsProvider;

  constructor(provider: KmsProvider) {
    this.#provider = provider;
  }

  ensureKek(): Promise<void> {
    return this.#locked();
  }

  wrap(): Promise<Uint8Array> {
    return this.#locked();
  }

  unwrap(): Promise<Uint8Array> {
    return this.#locked();
  }

  describe(): Promise<KekDescription> {
    return this.#locked();
  }

  destroy(): Promise<DestroyedKek> {
    return this.#locked();
  }

  #locked(): Promise<never> {
    return Promise.reject(kmsError("KEYS_LOCKED", this.#provider));
  }
}
