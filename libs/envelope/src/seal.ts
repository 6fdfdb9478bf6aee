import type { EnvelopeBackend } from "./backend.ts";
import { EnvelopeError } from "./errors.ts";
import { encodeHeader, type Header } from "./header.ts";
import type { SigningKey } from "./keys/signing-keys.ts";
import { WrapKey } from "./keys/wrap-key.ts";
import { CEK_BYTES, HASH_BYTES, ID_BYTES, MAX_PLAINTEXT_BYTES, MAX_RECIPIENTS, NONCE_BYTES } from "./limits.ts";
import { SIGNATURE_BYTES, TAG_BYTES } from "./limits.ts";
import { deriveMessageKeys, deriveStreamKeys } from "./message-keys.ts";
import { paddedLength, padInto } from "./padding.ts";
import { type AnyRecipientKey, type RecipientKey, recipientBytes, writeRecipient } from "./recipients.ts";
import { signatureInput } from "./signature.ts";
import { StreamSealer } from "./stream.ts";
import { CanonicalWriter, fieldBytes } from "./wire/canonical-writer.ts";

export interface SealRequest<Recipient = RecipientKey, Signer = SigningKey> {
  readonly header: Header;
  /** Up to 256 KiB. */
  readonly payload: Uint8Array;
  /** 1 to 16, each once. */
  readonly recipients: readonly Recipient[];
  /** May be left out only where the one recipient is a wrap key. */
  readonly signer?: Signer | undefined;
  /** Whether live frames will follow under this envelope's content key. */
  readonly stream?: boolean;
}

export interface SealedEnvelope {
  /** The serialized envelope. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the serialized header. */
  readonly protectedHash: Uint8Array;
}

export interface SealedStream extends SealedEnvelope {
  readonly stream: StreamSealer;
}

const SIGNATURE_MESSAGE_BYTES = fieldBytes(ID_BYTES) + fieldBytes(SIGNATURE_BYTES);

/**
 * Seals a payload under a fresh content key to each of the recipients.
 * @throws MALFORMED for an impossible header or list of recipients, or an unsigned request that must be signed; TOO_LARGE
 * for a payload above 256 KiB; UNSUPPORTED_SUITE; KEY_DESTROYED; KEY_UNAVAILABLE when a key's wraps are used up
 */
export function sealEnvelope(backend: EnvelopeBackend, request: SealRequest & { readonly stream: true }): SealedStream;
export function sealEnvelope(backend: EnvelopeBackend, request: SealRequest): SealedEnvelope;
export function sealEnvelope(backend: EnvelopeBackend, request: SealRequest): SealedEnvelope | SealedStream {
  const { header, payload, recipients, signer } = request;
  requireSealable(request);
  const { digests } = backend;
  const protectedBytes = encodeHeader(header);
  const protectedHash = digests.sha256(protectedBytes);
  const random = backend.randomBytes(CEK_BYTES + recipients.length * NONCE_BYTES);
  const cek = random.subarray(0, CEK_BYTES);
  const keys = deriveMessageKeys(digests, protectedHash, cek);
  const paddedBytes = paddedLength(payload.length);

  const writer = new CanonicalWriter(envelopeBytes(protectedBytes.length, recipients, paddedBytes, signer));
  writer.bytes(1, protectedBytes);
  const recipientsStart = writer.position;
  const context = { suite: header.suite, protectedHash, commitment: keys.commitment };
  recipients.forEach((recipient, i) => {
    const nonceStart = CEK_BYTES + i * NONCE_BYTES;
    writeRecipient(backend, writer, recipient, context, cek, random.subarray(nonceStart, nonceStart + NONCE_BYTES));
  });
  const recipientsBytes = writer.target.subarray(recipientsStart, writer.position);
  writer.bytes(3, keys.commitment);
  const ciphertext = writer.reserve(4, paddedBytes + TAG_BYTES);
  const padded = ciphertext.subarray(0, paddedBytes); // encrypted where it lies, so no copy of the payload is left
  padInto(payload, padded);
  const payloadKey = backend.aeadKey(keys.payloadKey);
  payloadKey.seal(header.suite, keys.payloadNonce, protectedHash, padded, ciphertext);
  if (signer) {
    const parts = { protectedHash, recipientsBytes, commitment: keys.commitment, ciphertext };
    writeSignature(writer, signer.keyId, signer.sign(signatureInput(digests, signer.keyId, parts)));
  }

  const sealed = { bytes: writer.target, protectedHash };
  const stream = request.stream
    ? new StreamSealer(backend, {
        header,
        protectedHash,
        commitment: keys.commitment,
        ...deriveStreamKeys(digests, protectedHash, cek),
      })
    : undefined;
  payloadKey.destroy();
  keys.payloadKey.fill(0);
  cek.fill(0);
  return stream ? { ...sealed, stream } : sealed;
}

export function writeSignature(writer: CanonicalWriter, signerKeyId: Uint8Array, signature: Uint8Array): void {
  writer.open(5, SIGNATURE_MESSAGE_BYTES);
  writer.bytes(1, signerKeyId);
  writer.bytes(2, signature);
}

/** @throws TOO_LARGE, MALFORMED as `sealEnvelope` says */
export function requireSealable({ payload, recipients, signer }: SealRequest<AnyRecipientKey, object>): void {
  if (payload.length > MAX_PLAINTEXT_BYTES) throw new EnvelopeError("TOO_LARGE", "The payload is larger than 256 KiB.");
  if (recipients.length < 1 || recipients.length > MAX_RECIPIENTS) {
    throw new EnvelopeError("MALFORMED", "An envelope has 1 to 16 recipients.");
  }
  if (!signer && !(recipients.length === 1 && recipients[0] instanceof WrapKey)) {
    throw new EnvelopeError("MALFORMED", "Only an envelope to one wrap key may go unsigned.");
  }
  if (recipients.length > 1 && new Set(recipients.map(({ keyId }) => keyId.join())).size < recipients.length) {
    throw new EnvelopeError("MALFORMED", "Two recipients have the same key.");
  }
}

/** The serialized envelope's size. */
export function envelopeBytes(
  headerBytes: number,
  recipients: readonly AnyRecipientKey[],
  paddedBytes: number,
  signer: object | undefined,
): number {
  let bytes = fieldBytes(headerBytes) + fieldBytes(HASH_BYTES) + fieldBytes(paddedBytes + TAG_BYTES);
  for (const recipient of recipients) bytes += recipientBytes(recipient);
  return signer ? bytes + fieldBytes(SIGNATURE_MESSAGE_BYTES) : bytes;
}
