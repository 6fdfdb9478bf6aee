import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { idToHex } from "@cloister/envelope";
import { KeysError } from "../errors.ts";
import { openUnder, sealUnder } from "../hierarchy/aead.ts";
import type { KeyWrapper } from "../hierarchy/key-wrapper.ts";

const keyringFile = z.strictObject({
  version: z.literal(1),
  keks: z.record(z.string().regex(/^[0-9a-f]{32}$/u), z.base64().length(44)),
});

const GROUP_OR_WORLD = 0o077;

/** For development: the KEKs of all tenants in one file of mode 0600. Whoever reads the file can unwrap everything. */
export class LocalKeyring implements KeyWrapper {
  readonly #path: string;
  readonly #keks: Map<string, Buffer>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, keks: Map<string, Buffer>) {
    this.#path = path;
    this.#keks = keks;
  }

  /** Opens the file, or starts empty when there is none. @throws KMS_UNAVAILABLE when group or world may read it */
  static async open(path: string): Promise<LocalKeyring> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) return new LocalKeyring(path, new Map());
    if ((status.mode & GROUP_OR_WORLD) !== 0) {
      throw new KeysError(
        "KMS_UNAVAILABLE",
        "The keyring file is open to group or world: chmod 600 it and start again.",
      );
    }
    const parsed = keyringFile.safeParse(parseJson(await readFile(path, "utf8")));
    if (!parsed.success)
      throw new KeysError("KMS_UNAVAILABLE", "The keyring file is damaged: restore it from a backup.");
    const keks = Object.entries(parsed.data.keks).map(([id, kek]) => [id, Buffer.from(kek, "base64")] as const);
    return new LocalKeyring(path, new Map(keks));
  }

  async ensureKek(tenantId: Uint8Array): Promise<void> {
    const id = idToHex(tenantId);
    if (!this.#keks.has(id)) this.#keks.set(id, randomBytes(32));
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#save());
    await this.#saving;
  }

  async wrap(tenantId: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(sealUnder(this.#kek(tenantId), aad, plaintext));
  }

  async unwrap(tenantId: Uint8Array, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(openUnder(this.#kek(tenantId), aad, wrapped));
  }

  #kek(tenantId: Uint8Array): Buffer {
    const kek = this.#keks.get(idToHex(tenantId));
    if (kek === undefined) throw new KeysError("KMS_UNAVAILABLE", "The keyring file holds no KEK of this tenant.");
    return kek;
  }

  /** Written beside, flushed, then renamed: a crash leaves the old file or the new one. */
  async #save(): Promise<void> {
    const keks = Object.fromEntries([...this.#keks].map(([id, kek]) => [id, kek.toString("base64")]));
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify({ version: 1, keks }));
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(beside, 0o600);
    await rename(beside, this.#path);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
