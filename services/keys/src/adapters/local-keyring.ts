import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { idToHex } from "@cloister/envelope";
import { openUnder, sealUnder } from "../hierarchy/aead.ts";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "../kms/key-wrapper.ts";
import { KmsError } from "../kms/kms-errors.ts";
import { KeyringFile, type Keks } from "./keyring-file.ts";

export interface LocalKeyringOptions {
  readonly passphrase?: string;
  /** Opening changes nothing: for a look at the file of a `keys` that runs. */
  readonly isReadOnly?: boolean;
}

/**
 * For development: the KEKs of all tenants in one file of mode 0600, sealed under a passphrase if there is one. Whoever
 * has the file (and the passphrase) can unwrap everything, and a copy of it outlives `destroy`.
 */
export class LocalKeyring implements KeyWrapper {
  readonly #file: KeyringFile;
  readonly #keks: Map<string, Buffer>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: KeyringFile, keks: Keks) {
    this.#file = file;
    this.#keks = new Map(keks);
  }

  /**
   * Opens the file, or starts empty when there is none. A file in clear is sealed at once when a passphrase comes.
   * @throws KmsError KMS_KEYRING_OPEN when group or world may read it, KMS_KEYRING_DAMAGED, KMS_PASSPHRASE_WRONG
   */
  static async open(path: string, { passphrase, isReadOnly = false }: LocalKeyringOptions = {}): Promise<LocalKeyring> {
    if (!isReadOnly) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { file, keks, isSealed } = await KeyringFile.open(path, passphrase);
    if (passphrase !== undefined && !isSealed && !isReadOnly) await file.write(keks);
    return new LocalKeyring(file, keks);
  }

  async ensureKek({ tenantId }: Kek): Promise<void> {
    const id = idToHex(tenantId);
    if (!this.#keks.has(id)) this.#keks.set(id, randomBytes(32));
    await this.#save();
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return sealUnder(this.#kek(kek), context, plaintext);
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const key = this.#kek(kek);
    try {
      return openUnder(key, context, wrapped);
    } catch (cause) {
      const sentence = "A key in the database of `keys` does not open under the tenant's KEK: it was changed or moved.";
      throw new KmsError("KMS_CONTEXT_MISMATCH", sentence, { cause });
    }
  }

  async describe(kek: Kek): Promise<KekDescription> {
    this.#kek(kek);
    const detail = "AES-256-GCM in a file that whoever runs `keys` can copy";
    return { state: "usable", destroys: "at-once", isExportable: true, detail };
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    this.#kek(kek).fill(0);
    this.#keks.delete(idToHex(kek.tenantId));
    await this.#save();
    return { destroys: "at-once" };
  }

  #kek({ tenantId }: Kek): Buffer {
    const kek = this.#keks.get(idToHex(tenantId));
    if (kek === undefined) throw new KmsError("KMS_KEY_UNKNOWN", "The keyring file holds no KEK of this tenant.");
    return kek;
  }

  #save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#file.write(this.#keks));
    return this.#saving;
  }
}
