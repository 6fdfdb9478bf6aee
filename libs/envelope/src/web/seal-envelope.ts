import { nobleBackend } from "../backends/noble.ts";
import { copyOf } from "../bytes.ts";
import { encodeHeader } from "../header.ts";
import { LABELS } from "../labels.ts";
import { CEK_BYTES, NONCE_BYTES, TAG_BYTES } from "../limits.ts";
import { type MessageKeys, splitMessageKeys, splitStreamKeys } from "../message-keys.ts";
import { MESSAGE_KEYS_BYTES, STREAM_KEYS_BYTES } from "../message-keys.ts";
import { padInto, paddedLength } from "../padding.ts";
import { openRecipient } from "../recipients.ts";
import { envelopeBytes, requireSealable, type SealedEnvelope, type SealedStream, type SealRequest } from "../seal.ts";
import { writeSignature } from "../seal.ts";
import { signatureInputOf } from "../signature.ts";
import { StreamSealer } from "../stream.ts";
import { CanonicalWriter } from "../wire/canonical-writer.ts";
import type { AsyncBackend, AsyncRecipientKey, AsyncSigningKey } from "./async-backend.ts";
import { sealCekWeb } from "./content-key.ts";

/** As `SealRequest`, with keys of any backend. */
export type AsyncSealRequest = SealRequest<AsyncRecipientKey, AsyncSigningKey>;

/**
 * `sealEnvelope` for a backend that may have to wait. The request counts as it is when this is called. A stream's cells,
 * of 256 bytes each, are sealed without waiting, by @noble.
 * @throws as `sealEnvelope`, as a rejection
 */
export async function sealEnvelopeWeb(
  backend: AsyncBackend,
  request: AsyncSealRequest & { readonly stream: true },
): Promise<SealedStream>;
export async function sealEnvelopeWeb(backend: AsyncBackend, request: AsyncSealRequest): Promise<SealedEnvelope>;
export async function sealEnvelopeWeb(
  backend: AsyncBackend,
  request: AsyncSealRequest,
): Promise<SealedEnvelope | SealedStream> {
  requireSealable(request);
  const { header, payload, signer } = request;
  const recipients = [...request.recipients];
  const protectedBytes = copyOf(encodeHeader(header));
  const paddedBytes = paddedLength(payload.length);
  const ciphertext = new Uint8Array(paddedBytes + TAG_BYTES);
  const padded = ciphertext.subarray(0, paddedBytes); // encrypted where it lies, so no copy of the payload is left
  padInto(payload, padded);
  const random = backend.randomBytes(CEK_BYTES + recipients.length * NONCE_BYTES);
  const cek = random.subarray(0, CEK_BYTES);
  const { digests } = backend;
  try {
    const protectedHash = await digests.sha256(protectedBytes);
    const keys = splitMessageKeys(await digests.hkdf(cek, protectedHash, LABELS.payload, MESSAGE_KEYS_BYTES));
    const { commitment } = keys;
    const context = { suite: header.suite, protectedHash, commitment };
    const [sealedCeks] = await Promise.all([
      Promise.all(
        recipients.map((recipient, i) => {
          const nonceStart = CEK_BYTES + i * NONCE_BYTES;
          return sealCekWeb(backend, recipient, context, cek, random.subarray(nonceStart, nonceStart + NONCE_BYTES));
        }),
      ),
      sealPayload(backend, keys, request, protectedHash, ciphertext),
    ]);

    const writer = new CanonicalWriter(envelopeBytes(protectedBytes.length, recipients, paddedBytes, signer));
    writer.bytes(1, protectedBytes);
    const recipientsStart = writer.position;
    for (const { key, encOrNonce, sealedCek } of sealedCeks) openRecipient(writer, key, encOrNonce).set(sealedCek);
    const recipientsBytes = writer.target.subarray(recipientsStart, writer.position);
    writer.bytes(3, commitment);
    writer.bytes(4, ciphertext);
    if (signer) {
      const hashes = await Promise.all([digests.sha256(recipientsBytes), digests.sha256(ciphertext)]);
      const input = signatureInputOf(signer.keyId, { protectedHash, commitment }, ...hashes);
      writeSignature(writer, signer.keyId, await signer.sign(input));
    }

    const sealed = { bytes: writer.target, protectedHash };
    if (!request.stream) return sealed;
    const streamKeys = splitStreamKeys(await digests.hkdf(cek, protectedHash, LABELS.stream, STREAM_KEYS_BYTES));
    return { ...sealed, stream: new StreamSealer(nobleBackend, { header, protectedHash, commitment, ...streamKeys }) };
  } finally {
    cek.fill(0);
  }
}

/** Encrypts all but the last 16 bytes of `ciphertext` where they lie. */
async function sealPayload(
  backend: AsyncBackend,
  { payloadKey, payloadNonce }: MessageKeys,
  { header }: AsyncSealRequest,
  protectedHash: Uint8Array,
  ciphertext: Uint8Array,
): Promise<void> {
  const key = backend.aeadKey(payloadKey);
  const padded = ciphertext.subarray(0, ciphertext.length - TAG_BYTES);
  try {
    await key.seal(header.suite, payloadNonce, protectedHash, padded, ciphertext);
  } finally {
    key.destroy();
    payloadKey.fill(0);
  }
}
