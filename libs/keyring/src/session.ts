import { create, fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { readKeysErrorCode } from "@cloister/contracts/keys/errors";
import type { InstanceEvidence } from "@cloister/contracts/keys/authority";
import {
  ReleasedKeysSchema,
  ReleaseKeysRequestSchema,
  ReleaseService,
  type BeginSessionResponse,
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
  sessionChannelSigningBytes,
  watchRevocationsSigningBytes,
} from "@cloister/policy";
import { isSameChannel, type Channel } from "./channel/channel.ts";
import { KeyringError } from "./errors.ts";
import type { InstanceIdentity } from "./instance-identity.ts";
import type { KeysTransport } from "./keys-transport.ts";

const NONCE_BYTES = 32;

/**
 * One mutual handshake with `keys`: both sides showed evidence over the other's nonce and, over TLS, signed by what the
 * evidence binds which TLS keys they see at both ends. Calls go one at a time.
 */
export class KeysSession {
  readonly keysEvidence: InstanceEvidence;
  /** The challenge that `keysEvidence` answers. */
  readonly nonce: Uint8Array;
  readonly expiresAtMs: number;
  readonly #client: Client<typeof ReleaseService>;
  readonly #identity: InstanceIdentity;
  readonly #sessionId: Uint8Array;
  readonly #keysSigner: VerifyingKey;
  readonly #transport: KeysTransport;
  readonly #channel: Channel | undefined;
  #sequence = 0n;

  private constructor(parts: {
    readonly client: Client<typeof ReleaseService>;
    readonly transport: KeysTransport;
    readonly channel: Channel | undefined;
    readonly identity: InstanceIdentity;
    readonly sessionId: Uint8Array;
    readonly keysEvidence: InstanceEvidence;
    readonly nonce: Uint8Array;
    readonly expiresAtMs: number;
  }) {
    this.#client = parts.client;
    this.#transport = parts.transport;
    this.#channel = parts.channel;
    this.#identity = parts.identity;
    this.#sessionId = parts.sessionId;
    this.keysEvidence = parts.keysEvidence;
    this.nonce = parts.nonce;
    this.expiresAtMs = parts.expiresAtMs;
    this.#keysSigner = createVerifyingKey(nodeBackend, parts.keysEvidence.signingPublicKey);
  }

  /** @throws KeyringError KEYS_UNAVAILABLE, KEYS_NOT_TRUSTED, or the code that `keys` refused with */
  static async open(transport: KeysTransport, identity: InstanceIdentity): Promise<KeysSession> {
    const client = createClient(ReleaseService, transport);
    const nonce = nodeBackend.randomBytes(NONCE_BYTES);
    return translated(async () => {
      const begun = await client.beginSession({ nonce });
      const { sessionId, keysEvidence } = begun;
      if (keysEvidence === undefined) {
        throw new KeyringError("KEYS_NOT_TRUSTED", "The keys service began a session without evidence.");
      }
      const channel = await transport.channel?.();
      if (channel !== undefined) requireChannelOf(begun, keysEvidence, nonce, channel);
      const evidence = await identity.prove(begun.nonce);
      const shown = channel && sessionChannelSigningBytes("instance", { sessionId, nonce: begun.nonce, ...channel });
      const { expiresAtMs } = await client.attestSession({
        sessionId,
        evidence,
        ...(shown && { channelSignature: identity.signer.sign(shown) }),
      });
      const parts = { client, transport, channel, identity, sessionId, keysEvidence, nonce };
      return new KeysSession({ ...parts, expiresAtMs: Number(expiresAtMs) });
    });
  }

  /** @throws KeyringError as `open` does; KEYS_NOT_TRUSTED when the answer is not of the `keys` that began the session */
  async release(keys: KeyRequest[], conversations: ConversationRef[]): Promise<ReleasedKeys> {
    const sequence = ++this.#sequence;
    const request = create(ReleaseKeysRequestSchema, { sessionId: this.#sessionId, sequence, keys, conversations });
    request.signature = this.#identity.signer.sign(releaseKeysSigningBytes(request));
    return translated(async () => {
      await this.#requireSameChannel();
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

  /** Another `keys` answers at the address, or somebody else: neither is asked under this session. */
  async #requireSameChannel(): Promise<void> {
    const now = await this.#transport.channel?.();
    if (this.#channel === undefined || (now !== undefined && isSameChannel(now, this.#channel))) return;
    throw new KeyringError("SESSION_UNKNOWN", "The keys service at that address shows another TLS key than before.");
  }
}

/** Of a proxy's keys `keys` would have signed others than we see. */
function requireChannelOf(
  { sessionId, channelSignature }: BeginSessionResponse,
  { signingPublicKey }: InstanceEvidence,
  nonce: Uint8Array,
  channel: Channel,
): void {
  const signed = sessionChannelSigningBytes("keys", { sessionId, nonce, ...channel });
  if (createVerifyingKey(nodeBackend, signingPublicKey).verify(signed, channelSignature)) return;
  throw new KeyringError("KEYS_NOT_TRUSTED", "The keys service sees another TLS connection: somebody stands between.");
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
  if (error.cause instanceof KeyringError) return error.cause;
  const code = readKeysErrorCode(error.metadata);
  if (code !== undefined) return new KeyringError(code, `The keys service refused: ${code}.`, { cause: error });
  const reason = Code[error.code];
  return new KeyringError("KEYS_UNAVAILABLE", `The keys service did not answer: ${reason}.`, { cause: error });
}
