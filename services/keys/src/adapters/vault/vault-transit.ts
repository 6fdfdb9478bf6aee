import { z } from "zod";
import type { Clock } from "@cloister/service";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "../../kms/key-wrapper.ts";
import { KmsError, kmsError } from "../../kms/kms-errors.ts";
import type { KmsPermission, StatesPermissions } from "../../kms/permissions.ts";
import type { TellsTime } from "../../kms/tells-time.ts";
import { VaultHttp, refusalText, type VaultAnswer } from "./vault-http.ts";
import { transitKeyOf } from "./vault-key-ref.ts";
import { transitPermissions } from "./vault-permissions.ts";
import { VaultSession, type VaultLogin } from "./vault-session.ts";

export interface VaultOptions {
  /** https, or http on loopback: https://vault.example.com:8200 */
  readonly address: string;
  readonly namespace?: string;
  readonly login: VaultLogin;
  readonly clock: Pick<Clock, "monotonicMs">;
}

const KEK_TYPES = ["aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"];
const CIPHERTEXT = /^vault:v\d{1,9}:[A-Za-z0-9+/]{16,}={0,2}$/u;

const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    derived: z.boolean(),
    exportable: z.boolean(),
    allow_plaintext_backup: z.boolean(),
    deletion_allowed: z.boolean(),
    latest_version: z.int(),
    /** When each version was made. */
    keys: z.record(z.string(), z.unknown()),
  }),
});
type TransitKeyState = z.output<typeof keyAnswer>["data"];

const encryptAnswer = z.object({ data: z.object({ ciphertext: z.string().regex(CIPHERTEXT) }) });
const decryptAnswer = z.object({ data: z.object({ plaintext: z.base64() }) });
const capabilitiesAnswer = z.object({ data: z.record(z.string(), z.unknown()) });

/** KEKs in the Transit engine of a HashiCorp Vault or an OpenBao, which speak the same API. */
export class VaultTransit implements KeyWrapper, StatesPermissions, TellsTime {
  readonly #http: VaultHttp;
  readonly #session: VaultSession;

  constructor({ address, namespace, login, clock }: VaultOptions) {
    this.#http = new VaultHttp({ address, ...(namespace !== undefined && { namespace }) });
    this.#session = new VaultSession(this.#http, login, clock);
  }

  /**
   * Also proves that the server binds the context: a Vault before 1.9 ignores what it doesn't know, silently.
   * @throws KmsError KMS_KEY_UNSUITABLE, and those of the other calls
   */
  async ensureKek(kek: Kek): Promise<void> {
    const [probe, context] = [new Uint8Array(32), Buffer.from("cloister/v1 probe")];
    const wrapped = await this.wrap(kek, probe, context);
    const opened = await this.unwrap(kek, wrapped, Buffer.from("another context")).catch((error: unknown) => {
      if (error instanceof KmsError && error.code === "KMS_CONTEXT_MISMATCH") return undefined;
      throw error;
    });
    if (opened === undefined) return;
    const sentence = "This Vault does not bind what is wrapped to its place (associated_data): it needs 1.9 or newer.";
    throw new KmsError("KMS_KEY_UNSUITABLE", sentence);
  }

  /**
   * Vault makes a key of the name when there is none and the token may: nothing would be lost, it seems, while all that
   * the old key wrapped is. So the key is looked at before and after, beside a policy that allows `update` alone.
   */
  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const { mount, name } = transitKeyOf(kek);
    const before = await this.#read(kek);
    requireFit(before);
    const answer = await this.#post(`${mount}/encrypt/${name}`, {
      plaintext: base64(plaintext),
      associated_data: base64(context),
    });
    if (answer.status !== 200) throw refusalOf(answer);
    const { ciphertext } = parsed(encryptAnswer, answer).data;
    if (birthOf(await this.#read(kek)) !== birthOf(before)) throw unknownKey();
    return Buffer.from(ciphertext);
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const { mount, name } = transitKeyOf(kek);
    const ciphertext = Buffer.from(wrapped).toString("latin1");
    if (!CIPHERTEXT.test(ciphertext)) throw mismatch();
    const answer = await this.#post(`${mount}/decrypt/${name}`, { ciphertext, associated_data: base64(context) });
    if (answer.status !== 200) throw refusalOf(answer);
    return Buffer.from(parsed(decryptAnswer, answer).data.plaintext, "base64");
  }

  async describe(kek: Kek): Promise<KekDescription> {
    const key = await this.#read(kek);
    requireFit(key);
    return {
      state: "usable",
      destroys: key.deletion_allowed ? "at-once" : "never",
      isExportable: key.exportable || key.allow_plaintext_backup,
      detail: `${key.type} in Transit, version ${key.latest_version}`,
    };
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    const { mount, name } = transitKeyOf(kek);
    const { deletion_allowed: isAllowed } = await this.#read(kek);
    if (!isAllowed) {
      const sentence = `Vault keeps the key: set deletion_allowed at ${mount}/keys/${name}/config first.`;
      throw new KmsError("KMS_DESTRUCTION_REFUSED", sentence);
    }
    const answer = await this.#session.call({ method: "DELETE", path: `${mount}/keys/${name}` });
    if (answer.status >= 300) throw refusalOf(answer);
    return { destroys: "at-once" };
  }

  async permissions(kek: Kek): Promise<readonly KmsPermission[]> {
    return transitPermissions(transitKeyOf(kek), async (paths) => {
      const answer = await this.#post("sys/capabilities-self", { paths });
      return parsed(capabilitiesAnswer, answer).data;
    });
  }

  async kmsNowMs(): Promise<number | undefined> {
    const { dateMs } = await this.#http.send({ method: "GET", path: "sys/health?standbyok=true&perfstandbyok=true" });
    return Number.isNaN(dateMs) ? undefined : dateMs;
  }

  async #read(kek: Kek): Promise<TransitKeyState> {
    const { mount, name } = transitKeyOf(kek);
    const answer = await this.#session.call({ method: "GET", path: `${mount}/keys/${name}` });
    if (answer.status === 404) throw unknownKey();
    if (answer.status !== 200) throw refusalOf(answer);
    return parsed(keyAnswer, answer).data;
  }

  #post(path: string, body: object): Promise<VaultAnswer> {
    return this.#session.call({ method: "POST", path, body });
  }
}

/** When the oldest version that is left was made: another for a key that took the name of a deleted one. */
function birthOf({ keys }: TransitKeyState): string {
  const [oldest] = Object.entries(keys).sort(([a], [b]) => Number(a) - Number(b));
  return JSON.stringify(oldest);
}

function requireFit({ type, derived }: TransitKeyState): void {
  if (KEK_TYPES.includes(type) && !derived) return;
  const sentence = "The key in Transit can't serve as a KEK: make one of type aes256-gcm96 that is not derived.";
  throw new KmsError("KMS_KEY_UNSUITABLE", sentence);
}

/** Transit says with one status what is to be told apart, so its own words decide; unknown words mean: wait. */
function refusalOf(answer: VaultAnswer): KmsError {
  const text = refusalText(answer);
  if (answer.status === 404 || /key not found|not found/iu.test(text)) return unknownKey();
  if (/disallowed by policy|too old/iu.test(text)) {
    const sentence = "Vault no longer decrypts with the version this was wrapped under: lower min_decryption_version.";
    return new KmsError("KMS_KEY_DISABLED", sentence);
  }
  if (/deletion is not allowed/iu.test(text)) return kmsError("KMS_DESTRUCTION_REFUSED", "Vault");
  if (/authentication failed|invalid ciphertext|unable to decrypt/iu.test(text)) return mismatch();
  const sentence = `Vault refuses with ${answer.status} for a reason that is unknown here: read its audit log.`;
  return new KmsError("KMS_ANSWER_MALFORMED", sentence);
}

function parsed<T>(schema: z.ZodType<T>, { status, body }: VaultAnswer): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const sentence = `What answers at Vault's address (status ${status}) is not the Transit API: look who listens there.`;
  throw new KmsError("KMS_ANSWER_MALFORMED", sentence);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const unknownKey = (): KmsError =>
  new KmsError("KMS_KEY_UNKNOWN", "Vault has no key of the name in the policy's keyRef; `keys` never makes one there.");

const mismatch = (): KmsError =>
  new KmsError(
    "KMS_CONTEXT_MISMATCH",
    "A key in the database of `keys` does not open under the tenant's key in Vault: it was changed or moved.",
  );
