import { randomBytes, scrypt, type ScryptOptions } from "node:crypto";
import { open, readFile, rename, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { openUnder, sealUnder } from "../hierarchy/aead.ts";
import { KmsError } from "../kms/kms-errors.ts";

const GROUP_OR_WORLD = 0o077;
/** 128 MiB and about half a second: OWASP's choice for scrypt. Fixed, so that a file can't ask for more. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const SALT_BYTES = 16;

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

const keks = z.record(z.string().regex(/^[0-9a-f]{32}$/u), z.base64().length(44));
const plainFile = z.strictObject({ version: z.literal(1), keks });
const sealedFile = z.strictObject({
  version: z.literal(2),
  scrypt: z.strictObject({ N: z.literal(COST.N), r: z.literal(COST.r), p: z.literal(COST.p), salt: z.base64() }),
  sealed: z.base64(),
});
const anyFile = z.discriminatedUnion("version", [plainFile, sealedFile]);

/** KEKs by tenant in hex, each of 32 bytes. */
export type Keks = ReadonlyMap<string, Buffer>;

/** The file of a local keyring, in clear (version 1) or sealed under a passphrase (version 2). */
export class KeyringFile {
  readonly #path: string;
  /** Of the passphrase; undefined for a file in clear. */
  readonly #sealing: { readonly key: Buffer; readonly salt: Buffer } | undefined;

  private constructor(path: string, sealing: { key: Buffer; salt: Buffer } | undefined) {
    this.#path = path;
    this.#sealing = sealing;
  }

  /**
   * The file and what it holds; nothing when there is none yet. With a passphrase a file in clear is sealed by the next
   * `write`.
   * @throws KmsError KMS_KEYRING_OPEN, KMS_KEYRING_DAMAGED, KMS_PASSPHRASE_WRONG
   */
  static async open(path: string, passphrase?: string): Promise<{ file: KeyringFile; keks: Keks; isSealed: boolean }> {
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) {
      return { file: await KeyringFile.#fresh(path, passphrase), keks: new Map(), isSealed: false };
    }
    if ((status.mode & GROUP_OR_WORLD) !== 0) {
      const sentence = "The keyring file is open to group or world: chmod 600 it and start again.";
      throw new KmsError("KMS_KEYRING_OPEN", sentence);
    }
    const parsed = anyFile.safeParse(parseJson(await readFile(path, "utf8")));
    if (!parsed.success) throw damaged();
    if (parsed.data.version === 1) {
      return { file: await KeyringFile.#fresh(path, passphrase), keks: keksOf(parsed.data.keks), isSealed: false };
    }
    if (passphrase === undefined) {
      const sentence = "The keyring file is sealed: give its passphrase in CLOISTER_KEYS_KEYRING_PASSPHRASE_FILE.";
      throw new KmsError("KMS_PASSPHRASE_WRONG", sentence);
    }
    const salt = Buffer.from(parsed.data.scrypt.salt, "base64");
    const sealing = { salt, key: await keyOf(passphrase, salt) };
    const text = unsealed(sealing.key, contextOf(salt), Buffer.from(parsed.data.sealed, "base64"));
    const content = keks.safeParse(parseJson(text));
    if (!content.success) throw damaged();
    return { file: new KeyringFile(path, sealing), keks: keksOf(content.data), isSealed: true };
  }

  static async #fresh(path: string, passphrase: string | undefined): Promise<KeyringFile> {
    if (passphrase === undefined) return new KeyringFile(path, undefined);
    const salt = randomBytes(SALT_BYTES);
    return new KeyringFile(path, { salt, key: await keyOf(passphrase, salt) });
  }

  /** Written beside, flushed, then renamed: a crash leaves the old file or the new one. */
  async write(keks: Keks): Promise<void> {
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(JSON.stringify(this.#content(keks)));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#path);
  }

  #content(keks: Keks): z.output<typeof anyFile> {
    const written = Object.fromEntries([...keks].map(([id, kek]) => [id, kek.toString("base64")]));
    if (this.#sealing === undefined) return { version: 1, keks: written };
    const { key, salt } = this.#sealing;
    const sealed = sealUnder(key, contextOf(salt), Buffer.from(JSON.stringify(written)));
    return {
      version: 2,
      scrypt: { ...COST, salt: salt.toString("base64") },
      sealed: sealed.toString("base64"),
    };
  }
}

/** RFC 7914; 32 bytes. */
async function keyOf(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return derive(passphrase.normalize("NFKC"), salt, 32, { ...COST, maxmem: 256 * 1024 * 1024 });
}

const contextOf = (salt: Uint8Array): Buffer => Buffer.concat([Buffer.from("cloister/v1 keyring"), salt]);

function unsealed(key: Uint8Array, context: Uint8Array, sealed: Uint8Array): string {
  try {
    return openUnder(key, context, sealed).toString("utf8");
  } catch (cause) {
    const sentence = "The keyring file does not open: the passphrase is another, or the file was changed.";
    throw new KmsError("KMS_PASSPHRASE_WRONG", sentence, { cause });
  }
}

function keksOf(written: z.output<typeof keks>): Keks {
  return new Map(Object.entries(written).map(([id, kek]) => [id, Buffer.from(kek, "base64")]));
}

const damaged = (): KmsError =>
  new KmsError("KMS_KEYRING_DAMAGED", "The keyring file is damaged: restore it from a backup.");

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
