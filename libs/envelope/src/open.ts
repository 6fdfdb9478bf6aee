import type { EnvelopeBackend } from "./backend.ts";
import { isSame, isSameConstantTime } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";
import { type Header, requireNotExpired } from "./header.ts";
import type { KeyId } from "./ids.ts";
import type { VerifyingKey } from "./keys/signing-keys.ts";
import { WrapKey } from "./keys/wrap-key.ts";
import { deriveMessageKeys, deriveStreamKeys, type MessageKeys } from "./message-keys.ts";
import { unpad } from "./padding.ts";
import { parseEnvelope, type Recipient } from "./parse.ts";
import { type AnyOpeningKey, openCek, type OpeningKey } from "./recipients.ts";
import { requireSignature } from "./signature.ts";
import { StreamOpener } from "./stream.ts";

/** What a key store knows of a key id: the key, why there is none now, or undefined for a key that is somebody else's. */
export type KeyLookup<Key = OpeningKey> = (
  keyId: KeyId,
  kind: Recipient["kind"],
) => Key | "KEY_UNAVAILABLE" | "KEY_DESTROYED" | undefined;

export interface OpenRequest<Key = OpeningKey, Signer = VerifyingKey> {
  readonly keys: readonly Key[] | KeyLookup<Key>;
  /** Who must have signed. `"none"` expects an envelope that nobody signed and refuses a signed one. */
  readonly signer: Signer | "none";
  readonly nowMs: number;
  /** Whether to open the live frames that follow. */
  readonly stream?: boolean;
}

export interface OpenedEnvelope {
  readonly header: Header;
  readonly payload: Uint8Array;
  /** SHA-256 of the serialized header. */
  readonly protectedHash: Uint8Array;
}

export interface OpenedStream extends OpenedEnvelope {
  readonly stream: StreamOpener;
}

/**
 * Checks and decrypts an envelope, in this order, which is the order of the codes:
 * @throws what `parseEnvelope` throws; EXPIRED; SIGNATURE_INVALID; NOT_A_RECIPIENT, KEY_UNAVAILABLE or KEY_DESTROYED;
 * AUTHENTICATION_FAILED (content key); COMMITMENT_MISMATCH; AUTHENTICATION_FAILED (payload); MALFORMED (padding)
 */
export function openEnvelope(
  backend: EnvelopeBackend,
  bytes: Uint8Array,
  request: OpenRequest & { readonly stream: true },
): OpenedStream;
export function openEnvelope(backend: EnvelopeBackend, bytes: Uint8Array, request: OpenRequest): OpenedEnvelope;
export function openEnvelope(
  backend: EnvelopeBackend,
  bytes: Uint8Array,
  request: OpenRequest,
): OpenedEnvelope | OpenedStream {
  const envelope = parseEnvelope(bytes);
  const { header, commitment } = envelope;
  requireNotExpired(header, request.nowMs);
  const { digests } = backend;
  const protectedHash = digests.sha256(envelope.protectedBytes);
  requireSignature(digests, envelope, protectedHash, request.signer);

  const { recipient, key } = findRecipient(envelope.recipients, request.keys);
  const cek = openCek(backend, recipient, key, { suite: header.suite, protectedHash, commitment });
  const keys = deriveMessageKeys(digests, protectedHash, cek);
  requireCommitment(keys, commitment);
  const payloadKey = backend.aeadKey(keys.payloadKey);
  const padded = payloadKey.open(header.suite, keys.payloadNonce, protectedHash, envelope.ciphertext);
  const opened = { header, payload: requirePayload(padded), protectedHash };
  const stream = request.stream
    ? new StreamOpener(backend, { header, protectedHash, commitment, ...deriveStreamKeys(digests, protectedHash, cek) })
    : undefined;
  payloadKey.destroy();
  keys.payloadKey.fill(0);
  cek.fill(0);
  return stream ? { ...opened, stream } : opened;
}

/** @throws COMMITMENT_MISMATCH */
export function requireCommitment(keys: MessageKeys, commitment: Uint8Array): void {
  if (!isSameConstantTime(keys.commitment, commitment)) {
    throw new EnvelopeError("COMMITMENT_MISMATCH", "The sender gave recipients different content keys.");
  }
}

/** The payload of what the AEAD gave, if anything. @throws AUTHENTICATION_FAILED, MALFORMED (padding) */
export function requirePayload(padded: Uint8Array | undefined): Uint8Array {
  if (!padded) throw new EnvelopeError("AUTHENTICATION_FAILED", "The payload was changed after it was sealed.");
  return unpad(padded);
}

/** @throws NOT_A_RECIPIENT, KEY_UNAVAILABLE, KEY_DESTROYED */
export function findRecipient<Key extends AnyOpeningKey>(
  recipients: readonly Recipient[],
  keys: readonly Key[] | KeyLookup<Key>,
): { recipient: Recipient; key: Key } {
  const lookup = typeof keys === "function" ? keys : among(keys);
  let missing: "KEY_UNAVAILABLE" | "KEY_DESTROYED" | undefined;
  for (const recipient of recipients) {
    const key = lookup(recipient.keyId, recipient.kind);
    if (typeof key === "object") return { recipient, key };
    missing ??= key;
  }
  if (missing === "KEY_DESTROYED") throw new EnvelopeError(missing, "The key to this envelope was destroyed.");
  if (missing) throw new EnvelopeError(missing, "The key to this envelope can't be had now; try again later.");
  throw new EnvelopeError("NOT_A_RECIPIENT", "The envelope is sealed to other keys than the ones at hand.");
}

function among<Key extends AnyOpeningKey>(keys: readonly Key[]): KeyLookup<Key> {
  return (keyId, kind) => keys.find((key) => key instanceof WrapKey === (kind === "wrap") && isSame(key.keyId, keyId));
}
