import { randomBytes } from "node:crypto";
import { CK, CKR, type Attribute, type Cryptoki, type Handle, type Pkcs11Sdk } from "./cryptoki.ts";
import type { HsmKey, HsmKeyState, HsmRefusal, HsmRequest } from "./hsm-protocol.ts";

/** `returned` is the name of what the library returned, such as CKR_PIN_INCORRECT. */
export class HsmRefused extends Error {
  readonly code: HsmRefusal;
  readonly returned: string;

  constructor(code: HsmRefusal, returned: string) {
    super(returned);
    this.code = code;
    this.returned = returned;
  }
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

const REFUSALS: Readonly<Record<number, HsmRefusal>> = {
  [CKR.ACTION_PROHIBITED]: "KMS_PERMISSION_DENIED",
  [CKR.ENCRYPTED_DATA_INVALID]: "KMS_CONTEXT_MISMATCH",
  [CKR.ENCRYPTED_DATA_LEN_RANGE]: "KMS_CONTEXT_MISMATCH",
  [CKR.AEAD_DECRYPT_FAILED]: "KMS_CONTEXT_MISMATCH",
  [CKR.KEY_HANDLE_INVALID]: "KMS_KEY_UNKNOWN",
  [CKR.OBJECT_HANDLE_INVALID]: "KMS_KEY_UNKNOWN",
  [CKR.KEY_SIZE_RANGE]: "KMS_KEY_UNSUITABLE",
  [CKR.KEY_TYPE_INCONSISTENT]: "KMS_KEY_UNSUITABLE",
  [CKR.KEY_FUNCTION_NOT_PERMITTED]: "KMS_PERMISSION_DENIED",
  [CKR.MECHANISM_INVALID]: "KMS_KEY_UNSUITABLE",
  [CKR.MECHANISM_PARAM_INVALID]: "KMS_KEY_UNSUITABLE",
  [CKR.PIN_INCORRECT]: "KMS_CREDENTIAL_REFUSED",
  [CKR.PIN_INVALID]: "KMS_CREDENTIAL_REFUSED",
  [CKR.PIN_EXPIRED]: "KMS_CREDENTIAL_REFUSED",
  [CKR.PIN_LOCKED]: "KMS_CREDENTIAL_REFUSED",
  [CKR.USER_NOT_LOGGED_IN]: "KMS_CREDENTIAL_REFUSED",
  [CKR.USER_PIN_NOT_INITIALIZED]: "KMS_CREDENTIAL_REFUSED",
};

/**
 * AES-256-GCM keys in the tokens of one PKCS#11 library. Wrapped: format byte (1) ‖ random nonce (12) ‖ ciphertext ‖ tag
 * (16). Every operation has a session of its own, since a failed one can leave its session unusable.
 */
export class Hsm {
  readonly #cryptoki: Cryptoki;
  readonly #gcmParameters: number;
  readonly #pin: string;
  /** One session in each token that is used: a login lasts as long as any session does. */
  readonly #logins = new Map<string, Handle>();

  /** Tokens that refused the PIN: each more attempt may be the one that locks them. */
  readonly #refused = new Set<string>();

  private constructor(sdk: Pkcs11Sdk, cryptoki: Cryptoki, pin: string) {
    this.#cryptoki = cryptoki;
    this.#gcmParameters = sdk.CK_PARAMS_AES_GCM;
    this.#pin = pin;
  }

  /** @throws HsmRefused KMS_SDK_MISSING, KMS_CONFIG_INVALID when the library can't be loaded */
  static async open({ sdk: specifier, module, pin }: HsmRequest & { readonly operation: "open" }): Promise<Hsm> {
    const sdk = await loadSdk(specifier);
    try {
      const cryptoki = new sdk.PKCS11();
      cryptoki.load(module);
      cryptoki.C_Initialize();
      return new Hsm(sdk, cryptoki, pin);
    } catch (error) {
      throw new HsmRefused("KMS_CONFIG_INVALID", returnedBy(error).name);
    }
  }

  wrap(key: HsmKey, plaintext: Uint8Array, context: Uint8Array): Buffer {
    return this.#withKey(key, (session, handle) => this.#seal(session, handle, plaintext, context));
  }

  unwrap(key: HsmKey, wrapped: Uint8Array, context: Uint8Array): Buffer {
    return this.#withKey(key, (session, handle, token) => {
      const bytes = Buffer.from(wrapped);
      if (bytes.length <= 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== FORMAT) {
        throw new HsmRefused("KMS_CONTEXT_MISMATCH", "not in our format");
      }
      try {
        return this.#open(session, handle, bytes, context);
      } catch (error) {
        // Some libraries, SoftHSM among them, say no more than this of a wrong tag.
        const isVague = returnedBy(error).code === CKR.GENERAL_ERROR || returnedBy(error).code === CKR.FUNCTION_FAILED;
        if (isVague && this.#works(token, handle)) throw new HsmRefused("KMS_CONTEXT_MISMATCH", returnedBy(error).name);
        throw error;
      }
    });
  }

  describe(key: HsmKey): HsmKeyState {
    return this.#withKey(key, (session, handle) => this.#state(session, handle));
  }

  destroy(key: HsmKey): void {
    this.#withKey(key, (session, handle) => {
      if (!this.#state(session, handle).isDestroyable)
        throw new HsmRefused("KMS_DESTRUCTION_REFUSED", "CKA_DESTROYABLE");
      this.#cryptoki.C_DestroyObject(session, handle);
    });
  }

  #withKey<T>(key: HsmKey, work: (session: Handle, handle: Handle, token: string) => T): T {
    try {
      return this.#inSession(key.token, (session) => work(session, this.#find(session, key), key.token));
    } catch (error) {
      if (error instanceof HsmRefused) throw error;
      const { code, name } = returnedBy(error);
      throw new HsmRefused(REFUSALS[code] ?? "KMS_UNREACHABLE", name);
    }
  }

  #inSession<T>(token: string, work: (session: Handle) => T): T {
    this.#logIn(token);
    const session = this.#cryptoki.C_OpenSession(this.#slot(token), CK.CKF_SERIAL_SESSION | CK.CKF_RW_SESSION);
    try {
      return work(session);
    } finally {
      this.#cryptoki.C_CloseSession(session);
    }
  }

  #logIn(token: string): void {
    if (this.#logins.has(token)) return;
    if (this.#refused.has(token)) throw new HsmRefused("KMS_CREDENTIAL_REFUSED", "not tried again");
    const session = this.#cryptoki.C_OpenSession(this.#slot(token), CK.CKF_SERIAL_SESSION | CK.CKF_RW_SESSION);
    try {
      this.#cryptoki.C_Login(session, CK.CKU_USER, this.#pin);
    } catch (error) {
      if (returnedBy(error).code !== CKR.USER_ALREADY_LOGGED_IN) {
        this.#refused.add(token);
        this.#cryptoki.C_CloseSession(session);
        throw error;
      }
    }
    this.#logins.set(token, session);
  }

  #slot(token: string): Handle {
    const slots = this.#cryptoki.C_GetSlotList(true);
    const slot = slots.find((one) => this.#cryptoki.C_GetTokenInfo(one).label.trimEnd() === token);
    if (slot === undefined) throw new HsmRefused("KMS_KEY_UNKNOWN", "no such token");
    return slot;
  }

  #find(session: Handle, { label, idHex }: HsmKey): Handle {
    const template: Attribute[] = [
      { type: CK.CKA_CLASS, value: CK.CKO_SECRET_KEY },
      ...(label === undefined ? [] : [{ type: CK.CKA_LABEL, value: label }]),
      ...(idHex === undefined ? [] : [{ type: CK.CKA_ID, value: Buffer.from(idHex, "hex") }]),
    ];
    this.#cryptoki.C_FindObjectsInit(session, template);
    const found = this.#cryptoki.C_FindObjects(session, 2);
    this.#cryptoki.C_FindObjectsFinal(session);
    const [handle, another] = found;
    if (handle === undefined) throw new HsmRefused("KMS_KEY_UNKNOWN", "no such key");
    if (another !== undefined) throw new HsmRefused("KMS_KEY_REF_INVALID", "more than one key");
    return handle;
  }

  #state(session: Handle, handle: Handle): HsmKeyState {
    if (this.#number(session, handle, CK.CKA_KEY_TYPE) !== CK.CKK_AES)
      throw new HsmRefused("KMS_KEY_UNSUITABLE", "not AES");
    if (this.#number(session, handle, CK.CKA_VALUE_LEN) !== KEY_BYTES) {
      throw new HsmRefused("KMS_KEY_UNSUITABLE", "not 256 bits");
    }
    return {
      isExtractable: this.#number(session, handle, CK.CKA_EXTRACTABLE) !== 0,
      isDestroyable: this.#number(session, handle, CK.CKA_DESTROYABLE) !== 0,
    };
  }

  /** CK_ULONG and CK_BBOOL alike: the low byte comes first, and all that is asked for fits into it. */
  #number(session: Handle, handle: Handle, type: number): number {
    const [attribute] = this.#cryptoki.C_GetAttributeValue(session, handle, [{ type }]);
    return attribute?.value[0] ?? 0;
  }

  #seal(session: Handle, handle: Handle, plaintext: Uint8Array, context: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    this.#cryptoki.C_EncryptInit(session, this.#mechanism(nonce, context), handle);
    const output = Buffer.alloc(plaintext.length + TAG_BYTES);
    const sealed = this.#cryptoki.C_Encrypt(session, Buffer.from(plaintext), output);
    return Buffer.concat([Buffer.of(FORMAT), nonce, sealed]);
  }

  #open(session: Handle, handle: Handle, wrapped: Buffer, context: Uint8Array): Buffer {
    const nonce = wrapped.subarray(1, 1 + NONCE_BYTES);
    this.#cryptoki.C_DecryptInit(session, this.#mechanism(nonce, context), handle);
    return this.#cryptoki.C_Decrypt(session, wrapped.subarray(1 + NONCE_BYTES), Buffer.alloc(wrapped.length));
  }

  /** True when the key opens now what it seals now. */
  #works(token: string, handle: Handle): boolean {
    try {
      const context = Buffer.from("probe");
      const sealed = this.#inSession(token, (session) => this.#seal(session, handle, Buffer.alloc(KEY_BYTES), context));
      return this.#inSession(token, (session) => this.#open(session, handle, sealed, context)).length === KEY_BYTES;
    } catch {
      return false;
    }
  }

  #mechanism(iv: Buffer, context: Uint8Array): object {
    const parameter = {
      type: this.#gcmParameters,
      iv,
      aad: Buffer.from(context),
      ivBits: iv.length * 8,
      tagBits: TAG_BYTES * 8,
    };
    return { mechanism: CK.CKM_AES_GCM, parameter };
  }
}

async function loadSdk(specifier: string): Promise<Pkcs11Sdk> {
  try {
    // pkcs11js is a CommonJS module, whose exports are the default one; what of them is used is in cryptoki.ts.
    return ((await import(specifier)) as { readonly default: Pkcs11Sdk }).default;
  } catch {
    throw new HsmRefused("KMS_SDK_MISSING", specifier);
  }
}

/** What the library returned, by number and name; of another error neither. */
function returnedBy(error: unknown): { readonly code: number; readonly name: string } {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number") return { code: 0, name: "" };
  return { code: error.code, name: /^CKR_\w+$/u.test(error.message) ? error.message : "" };
}
