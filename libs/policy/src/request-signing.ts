import { sha256 } from "@noble/hashes/sha2.js";
import { lengthPrefixed, type Field } from "@cloister/attestation";
import type { OpenConversationRequest, RenewConversationRequest } from "@cloister/contracts/keys/authority";
import type {
  ConversationRef,
  KeyRequest,
  ReleaseKeysRequest,
  WatchRevocationsResponse,
} from "@cloister/contracts/keys/release";
import type { FieldsOf } from "./wire.ts";

// What is signed raw (Ed25519, RFC 8032): length-prefixed label and fields, in the order of the message.

type Unsigned<Message> = Omit<FieldsOf<Message>, "signature">;

/** To be signed by the client's Ed25519 key. */
export function openConversationSigningBytes(request: Unsigned<OpenConversationRequest>): Uint8Array {
  return lengthPrefixed([
    "cloister/v1 open conversation",
    request.tenantId,
    request.clientKemPublicKey,
    request.clientSigningPublicKey,
    request.salt,
    request.nonce,
    request.admission,
  ]);
}

/** To be signed by the Ed25519 key that the conversation was opened with. */
export function renewConversationSigningBytes(request: Unsigned<RenewConversationRequest>): Uint8Array {
  return lengthPrefixed([
    "cloister/v1 renew conversation",
    request.tenantId,
    request.conversationId,
    request.nonce,
    request.clientKemPublicKey,
    request.requestedAtMs,
  ]);
}

/** The TLS keys at the ends of a session's connection, each the SHA-256 of a SubjectPublicKeyInfo (32 bytes). */
export interface SessionChannel {
  readonly sessionId: Uint8Array;
  /** The challenge that the signer's evidence answers. */
  readonly nonce: Uint8Array;
  /** Of `keys`. */
  readonly server: Uint8Array;
  /** Of the instance. */
  readonly client: Uint8Array;
}

/**
 * To be signed by the evidence-bound key of either side, over what it sees: with somebody between them the two see
 * different keys, and what one has signed is nothing that the other believes.
 */
export function sessionChannelSigningBytes(
  side: "keys" | "instance",
  { sessionId, nonce, server, client }: SessionChannel,
): Uint8Array {
  return lengthPrefixed(["cloister/v1 session channel", side, sessionId, nonce, server, client]);
}

/** A `ReleaseKeysRequest`, signed or not yet. */
export interface ReleaseKeysFields extends Pick<ReleaseKeysRequest, "sessionId" | "sequence"> {
  readonly keys: readonly FieldsOf<KeyRequest>[];
  readonly conversations: readonly FieldsOf<ConversationRef>[];
}

/** To be signed by the instance's evidence-bound key. */
export function releaseKeysSigningBytes(request: ReleaseKeysFields): Uint8Array {
  return lengthPrefixed([
    "cloister/v1 release keys",
    request.sessionId,
    request.sequence,
    BigInt(request.keys.length),
    ...request.keys.flatMap((key): Field[] => [key.tenantId, key.conversationId, BigInt(key.purpose), key.bucketEndMs]),
    BigInt(request.conversations.length),
    ...request.conversations.flatMap((conversation): Field[] => [conversation.tenantId, conversation.conversationId]),
  ]);
}

/**
 * To be signed by the evidence-bound key of `keys`, beside sealed keys. HPKE's base mode has no sender: without this an
 * operator could seal keys of its own choice to an instance, and read what the instance then seals under them.
 */
export function releasedKeysSigningBytes(
  request: Pick<ReleaseKeysRequest, "sessionId" | "sequence">,
  sealed: Uint8Array,
): Uint8Array {
  return lengthPrefixed(["cloister/v1 released keys signature", request.sessionId, request.sequence, sha256(sealed)]);
}

/** HPKE info of the answer to ReleaseKeys. */
export function releasedKeysInfo(): Uint8Array {
  return lengthPrefixed(["cloister/v1 released keys"]);
}

/** HPKE AAD of the answer to ReleaseKeys: an answer opens for the one request it was made for. */
export function releasedKeysAad(request: Pick<ReleaseKeysRequest, "sessionId" | "sequence">): Uint8Array {
  return lengthPrefixed(["cloister/v1 released keys", request.sessionId, request.sequence]);
}

/** To be signed by the instance's evidence-bound key: it wants to be told what is revoked. */
export function watchRevocationsSigningBytes(request: Pick<ReleaseKeysRequest, "sessionId" | "sequence">): Uint8Array {
  return lengthPrefixed(["cloister/v1 watch revocations", request.sessionId, request.sequence]);
}

/** To be signed by the instance's evidence-bound key, once it holds nothing of this revocation any more. */
export function evictionSigningBytes(
  sessionId: Uint8Array,
  revocation: FieldsOf<WatchRevocationsResponse>,
): Uint8Array {
  const { revocationId, tenantId, conversationId } = revocation;
  return lengthPrefixed(["cloister/v1 eviction", sessionId, revocationId, tenantId, conversationId]);
}
