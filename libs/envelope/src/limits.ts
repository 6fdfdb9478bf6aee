import { paddedLength } from "./padding.ts";

export const MAX_PLAINTEXT_BYTES = 256 * 1024;
export const MAX_HEADER_BYTES = 4 * 1024;
export const MAX_RECORD_BYTES = 1024 * 1024;
export const MAX_RECIPIENTS = 16;
/** Uses of one AEAD key with random 12-byte nonces: NIST SP 800-38D section 8.3 allows 2^32, the design a sixteenth. */
export const MAX_WRAPS_PER_KEY = 2 ** 28;
export const MAX_FRAMES_PER_STREAM = 2 ** 20;

export const ID_BYTES = 16;
export const HASH_BYTES = 32;
export const CEK_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
export const SEALED_CEK_BYTES = CEK_BYTES + TAG_BYTES;
export const KEM_SEED_BYTES = 32;
export const KEM_PUBLIC_KEY_BYTES = 1216;
export const KEM_ENC_BYTES = 1120;
export const SIGNATURE_BYTES = 64;
export const SIGNING_KEY_BYTES = 32;
export const MAX_CIPHERTEXT_BYTES = paddedLength(MAX_PLAINTEXT_BYTES) + TAG_BYTES;
