export { EnvelopeError, envelopeErrors, type EnvelopeErrorCode } from "./errors.ts";
export { ContentType, type Header, requireNotExpired, Stage, Suite } from "./header.ts";
export { type ConversationId, type KeyId, type MessageId, type TenantId } from "./ids.ts";
export { idToHex, idToUuid, parseConversationId, parseKeyId, parseMessageId, parseTenantId } from "./ids.ts";
export { type ClientPublicKeys, deriveConversationId, derivedId, deriveTenantId, uuidv7 } from "./derive-ids.ts";
export { publicKeyId, wrapKeyId, type WrapKeyName } from "./derive-ids.ts";
export { isPaddedLength, pad, paddedLength, unpad } from "./padding.ts";
export {
  CEK_BYTES,
  KEM_ENC_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SEED_BYTES,
  MAX_FRAMES_PER_STREAM,
  MAX_HEADER_BYTES,
  MAX_PLAINTEXT_BYTES,
  MAX_RECIPIENTS,
  MAX_RECORD_BYTES,
  MAX_WRAPS_PER_KEY,
} from "./limits.ts";
export type { AeadKey, Digests, EnvelopeBackend, KemSecret, KemTarget, Signer, Verifier } from "./backend.ts";
export { createWrapKey, type WrapKey, type WrapKeyInput } from "./keys/wrap-key.ts";
export { createKemPrivateKey, createKemPublicKey, type KemPrivateKey, type KemPublicKey } from "./keys/kem-keys.ts";
export { createSigningKey, createVerifyingKey, type SigningKey, type VerifyingKey } from "./keys/signing-keys.ts";
export { hpkeOpen, hpkeSeal } from "./hpke.ts";
export type { OpeningKey, RecipientKey } from "./recipients.ts";
export { sealEnvelope, type SealedEnvelope, type SealedStream, type SealRequest } from "./seal.ts";
export { type KeyLookup, type OpenedEnvelope, type OpenedStream, openEnvelope, type OpenRequest } from "./open.ts";
export { type ParsedEnvelope, parseEnvelope, protectedHash, readHeader } from "./parse.ts";
export type { KemRecipient, Recipient, WrapRecipient } from "./parse.ts";
export { verifySignature } from "./signature.ts";
export { parseFrame, StreamOpener, StreamSealer } from "./stream.ts";
export { CELL_BYTES, CELL_TEXT_BYTES } from "./cell.ts";
