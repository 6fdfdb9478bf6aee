import { nobleBackend } from "../backends/noble.ts";
import { copyOf } from "../bytes.ts";
import { requireNotExpired } from "../header.ts";
import { LABELS } from "../labels.ts";
import { MAX_RECORD_BYTES } from "../limits.ts";
import { MESSAGE_KEYS_BYTES, splitMessageKeys, splitStreamKeys, STREAM_KEYS_BYTES } from "../message-keys.ts";
import { findRecipient, type OpenedEnvelope, type OpenedStream, type OpenRequest } from "../open.ts";
import { requireCommitment, requirePayload } from "../open.ts";
import { parseEnvelope, type ParsedEnvelope } from "../parse.ts";
import { requireValid, signatureBy, signatureInputOf } from "../signature.ts";
import { StreamOpener } from "../stream.ts";
import type { AsyncBackend, AsyncOpeningKey, AsyncVerifyingKey } from "./async-backend.ts";
import { openCekWeb } from "./content-key.ts";

/** As `OpenRequest`, with keys of any backend. */
export type AsyncOpenRequest = OpenRequest<AsyncOpeningKey, AsyncVerifyingKey>;

/**
 * `openEnvelope` for a backend that may have to wait: the same checks in the same order. The bytes count as they are
 * when this is called. A stream's cells are opened without waiting, by @noble.
 * @throws as `openEnvelope`, as a rejection
 */
export async function openEnvelopeWeb(
  backend: AsyncBackend,
  bytes: Uint8Array,
  request: AsyncOpenRequest & { readonly stream: true },
): Promise<OpenedStream>;
export async function openEnvelopeWeb(
  backend: AsyncBackend,
  bytes: Uint8Array,
  request: AsyncOpenRequest,
): Promise<OpenedEnvelope>;
export async function openEnvelopeWeb(
  backend: AsyncBackend,
  bytes: Uint8Array,
  request: AsyncOpenRequest,
): Promise<OpenedEnvelope | OpenedStream> {
  // A copy: what was verified before one wait must be what is decrypted after it.
  const envelope = parseEnvelope(bytes.length > MAX_RECORD_BYTES ? bytes : copyOf(bytes));
  const { header, commitment } = envelope;
  requireNotExpired(header, request.nowMs);
  const { digests } = backend;
  const protectedHash = await digests.sha256(envelope.protectedBytes);
  await requireSignatureWeb(backend, envelope, protectedHash, request.signer);

  const { recipient, key } = findRecipient(envelope.recipients, request.keys);
  const cek = await openCekWeb(backend, recipient, key, { suite: header.suite, protectedHash, commitment });
  try {
    const keys = splitMessageKeys(await digests.hkdf(cek, protectedHash, LABELS.payload, MESSAGE_KEYS_BYTES));
    requireCommitment(keys, commitment);
    const payloadKey = backend.aeadKey(keys.payloadKey);
    keys.payloadKey.fill(0);
    const padded = await payloadKey.open(header.suite, keys.payloadNonce, protectedHash, envelope.ciphertext);
    payloadKey.destroy();
    const opened = { header, payload: requirePayload(padded), protectedHash };
    if (!request.stream) return opened;
    const streamKeys = splitStreamKeys(await digests.hkdf(cek, protectedHash, LABELS.stream, STREAM_KEYS_BYTES));
    return { ...opened, stream: new StreamOpener(nobleBackend, { header, protectedHash, commitment, ...streamKeys }) };
  } finally {
    cek.fill(0);
  }
}

async function requireSignatureWeb(
  { digests }: AsyncBackend,
  envelope: ParsedEnvelope,
  protectedHash: Uint8Array,
  signer: AsyncVerifyingKey | "none",
): Promise<void> {
  const signature = signatureBy(signer, envelope);
  if (signer === "none" || !signature) return;
  const { recipientsBytes, commitment, ciphertext } = envelope;
  const hashes = await Promise.all([digests.sha256(recipientsBytes), digests.sha256(ciphertext)]);
  requireValid(
    await signer.verify(signatureInputOf(signer.keyId, { protectedHash, commitment }, ...hashes), signature),
  );
}
