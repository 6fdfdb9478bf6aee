import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { KeysError } from "../errors.ts";

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Format byte (1) ‖ random nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16) under `key` (32 bytes). */
export function sealUnder(key: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), nonce, ciphertext, cipher.getAuthTag()]);
}

/** The reverse of `sealUnder`. @throws KEY_CORRUPT for bytes that were changed, or sealed for another key or AAD */
export function openUnder(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
  if (bytes.length < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== FORMAT) throw corrupt();
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(aad)
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw corrupt();
  }
}

function corrupt(): KeysError {
  return new KeysError("KEY_CORRUPT", "A wrapped key does not open under its own name: it was changed or moved.");
}
