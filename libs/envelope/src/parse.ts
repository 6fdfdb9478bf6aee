import { sha256 } from "@noble/hashes/sha2.js";
import { EnvelopeError } from "./errors.ts";
import { decodeHeader, type Header } from "./header.ts";
import { type KeyId, parseKeyId } from "./ids.ts";
import {
  HASH_BYTES,
  ID_BYTES,
  KEM_ENC_BYTES,
  MAX_CIPHERTEXT_BYTES,
  MAX_RECIPIENTS,
  MAX_RECORD_BYTES,
} from "./limits.ts";
import { NONCE_BYTES, SEALED_CEK_BYTES, SIGNATURE_BYTES, TAG_BYTES } from "./limits.ts";
import { isPaddedLength } from "./padding.ts";
import { CanonicalReader } from "./wire/canonical-reader.ts";
import { isSame, plain } from "./bytes.ts";

export interface KemRecipient {
  readonly kind: "kem";
  readonly keyId: KeyId;
  /** 1,120 bytes. */
  readonly enc: Uint8Array;
  /** 48 bytes. */
  readonly sealedCek: Uint8Array;
}

export interface WrapRecipient {
  readonly kind: "wrap";
  readonly keyId: KeyId;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** 48 bytes. */
  readonly sealedCek: Uint8Array;
}

export type Recipient = KemRecipient | WrapRecipient;

/** An envelope of the right form, its parts as views of the bytes it was read from. Nothing in it is authenticated yet. */
export interface ParsedEnvelope {
  readonly header: Header;
  /** The serialized header, which is what everything else binds. */
  readonly protectedBytes: Uint8Array;
  readonly recipients: readonly Recipient[];
  /** All recipients as they are on the wire, which is what the signature binds. */
  readonly recipientsBytes: Uint8Array;
  readonly commitment: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly signature: { readonly signerKeyId: KeyId; readonly signature: Uint8Array } | undefined;
}

/**
 * What can be checked without a key: sizes, form, suite, and that whatever is unsigned has exactly one wrap recipient.
 * Expiry is for `requireNotExpired`.
 * @throws TOO_LARGE, MALFORMED, UNSUPPORTED_SUITE, or SIGNATURE_INVALID when a signature is missing
 */
export function parseEnvelope(input: Uint8Array): ParsedEnvelope {
  const bytes = plain(input);
  if (bytes.length > MAX_RECORD_BYTES) throw new EnvelopeError("TOO_LARGE", "The envelope is larger than 1 MiB.");
  const reader = new CanonicalReader(bytes);
  const protectedBytes = reader.bytes(1);
  const header = decodeHeader(protectedBytes);
  const recipientsStart = reader.position;
  const recipients = readRecipients(reader);
  const recipientsBytes = bytes.subarray(recipientsStart, reader.position);
  const commitment = reader.fixed(3, HASH_BYTES);
  const ciphertext = readCiphertext(reader);
  const signature = reader.isNext(5, 2) ? readSignature(reader.message()) : undefined;
  reader.end();
  if (!signature && !(recipients.length === 1 && recipients[0]?.kind === "wrap")) {
    throw new EnvelopeError("SIGNATURE_INVALID", "The envelope is unsigned, which only one wrap recipient allows.");
  }
  return { header, protectedBytes, recipients, recipientsBytes, commitment, ciphertext, signature };
}

/** The header of an envelope of the right form, unauthenticated. @throws as `parseEnvelope` */
export function readHeader(bytes: Uint8Array): Header {
  return parseEnvelope(bytes).header;
}

/** SHA-256 of the serialized header, 32 bytes: with the message id it tells a repetition from a reused id. */
export function protectedHash(envelope: ParsedEnvelope): Uint8Array {
  return sha256(envelope.protectedBytes);
}

function readRecipients(reader: CanonicalReader): Recipient[] {
  const recipients: Recipient[] = [];
  while (reader.isNext(2, 2)) {
    if (recipients.length === MAX_RECIPIENTS)
      throw new EnvelopeError("MALFORMED", "There are more than 16 recipients.");
    const recipient = readRecipient(reader.message());
    if (recipients.some((other) => isSame(other.keyId, recipient.keyId))) {
      throw new EnvelopeError("MALFORMED", "Two recipients have the same key id.");
    }
    recipients.push(recipient);
  }
  if (recipients.length === 0) throw new EnvelopeError("MALFORMED", "There is no recipient.");
  return recipients;
}

function readRecipient(reader: CanonicalReader): Recipient {
  const kind = reader.isNext(1, 2) ? "kem" : "wrap";
  if (kind === "wrap" && !reader.isNext(2, 2)) throw new EnvelopeError("MALFORMED", "A recipient is of no known kind.");
  const fields = reader.message();
  reader.end();
  const keyId = parseKeyId(fields.bytes(1));
  const encOrNonce = fields.fixed(2, kind === "kem" ? KEM_ENC_BYTES : NONCE_BYTES);
  const sealedCek = fields.fixed(3, SEALED_CEK_BYTES);
  fields.end();
  return kind === "kem" ? { kind, keyId, enc: encOrNonce, sealedCek } : { kind, keyId, nonce: encOrNonce, sealedCek };
}

function readCiphertext(reader: CanonicalReader): Uint8Array {
  const ciphertext = reader.bytes(4);
  if (ciphertext.length > MAX_CIPHERTEXT_BYTES)
    throw new EnvelopeError("TOO_LARGE", "The payload is larger than 256 KiB.");
  if (!isPaddedLength(ciphertext.length - TAG_BYTES)) {
    throw new EnvelopeError("MALFORMED", "The ciphertext's length is none that padding gives.");
  }
  return ciphertext;
}

function readSignature(reader: CanonicalReader): { signerKeyId: KeyId; signature: Uint8Array } {
  const signerKeyId = parseKeyId(reader.fixed(1, ID_BYTES));
  const signature = reader.fixed(2, SIGNATURE_BYTES);
  reader.end();
  return { signerKeyId, signature };
}
