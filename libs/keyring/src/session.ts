import { create, fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client, type Transport } from "@connectrpc/connect";
import { readKeysErrorCode } from "@cloister/contracts/keys/errors";
import type { InstanceEvidence } from "@cloister/contracts/keys/authority";
import {
  ReleasedKeysSchema,
  ReleaseKeysRequestSchema,
  ReleaseService,
  type ConversationRef,
  type KeyRequest,
  type ReleasedKeys,
  type WatchRevocationsResponse,
} from "@cloister/contracts/keys/release";
import { createVerifyingKey, EnvelopeError, hpkeOpen, type VerifyingKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  evictionSigningBytes,
  releasedKeysAad,
  releasedKeysInfo,
  releasedKeysSigningBytes,
  releaseKeysSigningBytes,
  watchRevocationsSigningBytes,
} from "@cloister/policy";
import { KeyringError } from "./errors.ts";
import type { InstanceIdentity } from "./instance-identity.ts";

const NONCE_BYTES = 32;

/** One mutual handshake with `keys`: both sides showed evidence over the other's nonce. Calls go one at a time. */
export class KeysSession {
  readonly keysEvidence: InstanceEvidence;
  /** The challenge that `keysEvidence` answers. */
  readonly nonce: Uint8Array;
  readonly expiresAtMs: number;
  readonly #client: Client<typeof ReleaseService>;
  readonly #identity: InstanceIdentity;
  readonly #sessionId: Uint8Array;
  readonly #keysSigner: VerifyingKey;
  #sequence = 0n;

  private constructor(parts: {
    readonly client: Client<typeof ReleaseService>;
    readonly identity: InstanceIdentity;
    readonly sessionId: Uint8Array;
    readonly keysEvidence: InstanceEvidence;
    readonly nonce: Uint8Array;
    readonly expiresAtMs: number;
  }) {
    this.#client = parts.client;
    this.#identity = parts.identity;
    this.#sessionId = parts.sessionId;
    this.keysEvidence = parts.keysEvidence;
    this.nonce = parts.nonce;
    this.expiresAtMs = parts.expiresAtMs;
    this.#keysSigner = createVerifyingKey(nodeBackend, parts.keysEvidence.signingPublicKey);
  }

  /** @throws KeyringError KEYS_UNAVAILABLE, KEYS_NOT_TRUSTED, or the code that `keys` refused with */
  static async open(transport: Transport, identity: InstanceIdentity): Promise<KeysSession> {
    const client = createClient(ReleaseService, transport);
    const nonce = nodeBackend.randomBytes(NONCE_BYTES);
    return translated(async () => {
      const begun = await client.beginSession({ nonce });
      if (begun.keysEvidence === undefined) {
        throw new KeyringError("KEYS_NOT_TRUSTED", "The keys service began a session without evidence.");
      }
      const evidence = await identity.prove(begun.nonce);
      const { expiresAtMs } = await client.attestSession({ sessionId: begun.sessionId, evidence });
      const { sessionId, keysEvidence } = begun;
      return new KeysSession({ client, identity, sessionId, keysEvidence, nonce, expiresAtMs: Number(expiresAtMs) });
    });
  }

  /** @throws KeyringError as `open` does; KEYS_NOT_TRUSTED when the answer is not of the `keys` that began the session */
  async release(keys: KeyRequest[], conversations: ConversationRef[]): Promise<ReleasedKeys> {
    const sequence = ++this.#sequence;
    const request = create(ReleaseKeysRequestSchema, { sessionId: this.#sessionId, sequence, keys, conversations });
    request.signature = this.#identity.signer.sign(releaseKeysSigningBytes(request));
    return translated(async () => {
      const { sealed, signature } = await this.#client.releaseKeys(request);
      if (!this.#keysSigner.verify(releasedKeysSigningBytes(request, sealed), signature)) {
        throw new KeyringError("KEYS_NOT_TRUSTED", "Released keys are not signed by the keys service of this session.");
      }
      const aad = releasedKeysAad(request);
      const plaintext = hpkeOpen(nodeBackend, this.#identity.kem, releasedKeysInfo(), aad, sealed);
      return readReleased(plaintext);
    });
  }

  /** What is revoked from here on, the empty answer first; until the signal, or the session's end. */
  watch(signal: AbortSignal): AsyncIterable<WatchRevocationsResponse> {
    const request = { sessionId: this.#sessionId, sequence: ++this.#sequence };
    const signature = this.#identity.signer.sign(watchRevocationsSigningBytes(request));
    return this.#client.watchRevocations({ ...request, signature }, { signal, timeoutMs: 0 });
  }

  /** Gives this instance's word that it holds nothing of it any more. @throws KeyringError as `open` does */
  async acknowledge(revocation: WatchRevocationsResponse): Promise<void> {
    const { revocationId } = revocation;
    const signature = this.#identity.signer.sign(evictionSigningBytes(this.#sessionId, revocation));
    await translated(() => this.#client.acknowledgeEviction({ sessionId: this.#sessionId, revocationId, signature }));
  }
}

function readReleased(plaintext: Uint8Array): ReleasedKeys {
  try {
    return fromBinary(ReleasedKeysSchema, plaintext);
  } catch (cause) {
    throw new KeyringError("KEYS_NOT_TRUSTED", "Released keys open, but can't be read.", { cause });
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asKeyringError(error);
  }
}

/** What a caller of `keys` may be told: a KeyringError for what it refused and for its silence. */
export function asKeyringError(error: unknown): unknown {
  if (error instanceof EnvelopeError) {
    return new KeyringError("KEYS_NOT_TRUSTED", "What the keys service sent does not open or parse.", {
      cause: error,
    });
  }
  if (!(error instanceof ConnectError)) return error;
  const code = readKeysErrorCode(error.metadata);
  if (code !== undefined) return new KeyringError(code, `The keys service refused: ${code}.`, { cause: error });
  const reason = Code[error.code];
  return new KeyringError("KEYS_UNAVAILABLE", `The keys service did not answer: ${reason}.`, { cause: error });
}
