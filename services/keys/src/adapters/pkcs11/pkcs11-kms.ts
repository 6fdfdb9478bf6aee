import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";
import { gone, HsmClient } from "./hsm-client.ts";
import type { HsmAnswered, HsmKeyState, HsmRequest } from "./hsm-protocol.ts";
import { tokenKeyOf } from "./pkcs11-key-ref.ts";

export interface Pkcs11Options {
  /** The HSM's library: /usr/lib/softhsm/libsofthsm2.so */
  readonly module: string;
  /** The user's PIN, asked for whenever the library is opened. */
  readonly pin: () => Promise<string>;
  /** What the library finds in its environment besides what is there for all programs: the settings of `keys` are not. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where `pkcs11js` is, when it isn't beside Cloister. */
  readonly sdk?: string;
}

interface OpenHsm {
  readonly client: HsmClient;
  readonly pin: string;
}

/** KEKs in an HSM, as AES-256 keys for GCM, by PKCS#11. Its library runs in a process of its own. */
export class Pkcs11Kms implements KeyWrapper {
  readonly #options: Pkcs11Options;
  #hsm: Promise<OpenHsm> | undefined;

  constructor(options: Pkcs11Options) {
    this.#options = options;
  }

  async ensureKek(kek: Kek): Promise<void> {
    await this.describe(kek);
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return bytesOf(await this.#ask({ operation: "wrap", key: tokenKeyOf(kek), bytes: plaintext, context }));
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return bytesOf(await this.#ask({ operation: "unwrap", key: tokenKeyOf(kek), bytes: wrapped, context }));
  }

  async describe(kek: Kek): Promise<KekDescription> {
    const { isDestroyable, isExtractable } = stateOf(await this.#ask({ operation: "describe", key: tokenKeyOf(kek) }));
    return {
      state: "usable",
      destroys: isDestroyable ? "at-once" : "never",
      isExportable: isExtractable,
      detail: "AES-256-GCM in a token of PKCS#11",
    };
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    await this.#ask({ operation: "destroy", key: tokenKeyOf(kek) });
    return { destroys: "at-once" };
  }

  /** Ends the library's process; a later call starts it again. */
  async close(): Promise<void> {
    const hsm = this.#hsm;
    this.#hsm = undefined;
    (await hsm?.catch(() => undefined))?.client.end();
  }

  /** After a refused PIN, again only with another one: tokens lock themselves after a few wrong ones. */
  async #ask(request: HsmRequest): Promise<HsmAnswered> {
    const { client, pin } = await this.#opened();
    try {
      return await client.ask(request);
    } catch (error) {
      const isRefused = error instanceof KmsError && error.code === "KMS_CREDENTIAL_REFUSED";
      if (!isRefused || (await this.#options.pin()) === pin) throw error;
      await this.close();
      return (await this.#opened()).client.ask(request);
    }
  }

  async #opened(): Promise<OpenHsm> {
    const known = this.#hsm;
    const open = await known?.catch(() => undefined);
    if (open?.client.isRunning) return open;
    const begunMeanwhile = this.#hsm === known ? undefined : this.#hsm;
    return (this.#hsm = begunMeanwhile ?? this.#start());
  }

  async #start(): Promise<OpenHsm> {
    const { module, environment = {}, sdk = "pkcs11js" } = this.#options;
    const pin = await this.#options.pin();
    return { pin, client: await HsmClient.start({ operation: "open", sdk, module, pin }, environment) };
  }
}

function bytesOf({ bytes }: HsmAnswered): Uint8Array {
  if (bytes !== undefined) return bytes;
  throw gone();
}

function stateOf({ state }: HsmAnswered): HsmKeyState {
  if (state !== undefined) return state;
  throw gone();
}
