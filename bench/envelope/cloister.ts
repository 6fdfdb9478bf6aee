import { createKemPrivateKey, createKemPublicKey, createSigningKey, createVerifyingKey } from "@cloister/envelope";
import {
  ContentType,
  createWrapKey,
  type EnvelopeBackend,
  type Header,
  openEnvelope,
  type RecipientKey,
  type SigningKey,
} from "@cloister/envelope";
import { type OpeningKey, parseConversationId, parseKeyId, parseMessageId, parseTenantId } from "@cloister/envelope";
import { sealEnvelope, Stage, Suite, type VerifyingKey } from "@cloister/envelope";
import { nodeBackend as backend } from "@cloister/envelope/node";
import { type Contender, contender } from "./contender.ts";

const nowMs = 1_800_000_000_000;
const id = (): Uint8Array => backend.randomBytes(16);

/** A message between services: all fields of a redacted text, its cause included. */
const header: Header = {
  suite: Suite.AES_256_GCM,
  messageId: parseMessageId(id()),
  tenantId: parseTenantId(id()),
  conversationId: parseConversationId(id()),
  stage: Stage.REDACTED,
  attempt: 0,
  senderSeq: 0,
  createdAtMs: nowMs,
  expiresAtMs: nowMs + 86_400_000,
  contentType: ContentType.REDACTED_MESSAGE,
  policyVersion: 3,
  causeId: parseMessageId(id()),
};

const wrap = createWrapKey(backend, { key: backend.randomBytes(32), keyId: parseKeyId(id()) });
const kemPrivate = createKemPrivateKey(backend, backend.randomBytes(32));
const kemPublic = createKemPublicKey(backend, kemPrivate.publicKeyBytes);
const signing = createSigningKey(backend, backend.randomBytes(32));
const verifying = createVerifyingKey(backend, signing.publicKeyBytes);

/**
 * The format forbids an unsigned envelope to a KEM key, so that row is measured with a signature that costs nothing, and
 * neither do the two hashes it would cover (all that is longer than a header): both are in the signed rows.
 */
const noHash = new Uint8Array(32);
const sha256 = (bytes: Uint8Array): Uint8Array => (bytes.length > 200 ? noHash : backend.digests.sha256(bytes));
const unsigned: EnvelopeBackend = { ...backend, digests: { ...backend.digests, sha256 } };
const freeSigner = { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64), destroy: () => undefined };
const free = createSigningKey({ ...backend, signer: () => freeSigner }, backend.randomBytes(32));
const freeVerifying = createVerifyingKey({ ...backend, verifier: () => ({ verify: () => true }) }, free.publicKeyBytes);

export const cloister: readonly Contender[] = [
  envelope("Cloister, wrap", "wrap", wrap, wrap),
  envelope("Cloister, X-Wing", "kem", kemPublic, kemPrivate, free, freeVerifying),
  envelope("Cloister, wrap, signed", "signed", wrap, wrap, signing, verifying),
  envelope("Cloister, X-Wing, signed", "signed", kemPublic, kemPrivate, signing, verifying),
];

function envelope(
  name: string,
  group: Contender["group"],
  recipient: RecipientKey,
  key: OpeningKey,
  signer?: SigningKey,
  verifier?: VerifyingKey,
): Contender {
  const recipients = [recipient];
  const on = signer === free ? unsigned : backend;
  const request = { keys: [key], signer: verifier ?? "none", nowMs } as const;
  return contender<Uint8Array>({
    name,
    group,
    seal: (payload) => sealEnvelope(on, { header, payload, recipients, signer }).bytes,
    open: (bytes) => openEnvelope(on, bytes, request).payload,
    // The 84 bytes of the signature that does no work are not the KEM row's.
    size: (bytes) => (signer === free ? bytes.length - 84 : bytes.length),
  });
}
