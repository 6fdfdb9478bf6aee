import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { attestedRoles } from "@cloister/attestation";
import { parseConversationId, parseTenantId, type ConversationId, type TenantId } from "@cloister/envelope";
import * as z from "zod/mini";
import { fromBase64, toBase64 } from "./base64.ts";

// The fields that statements are made of: short values in hex, public keys of a kilobyte in base64. They are zod's mini
// form, a quarter of its size, since the SDK carries them into browsers; its sentences are in sentences.ts.

const isBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

type BytesField = z.ZodMiniCodec<z.ZodMiniString, z.ZodMiniCustom<Uint8Array>>;

/** Exactly `length` bytes as lower-case hex. */
export function hex(length: number): BytesField {
  return z.codec(
    z.string().check(z.regex(new RegExp(`^[0-9a-f]{${2 * length}}$`))),
    isBytes.check(z.refine(hasLength(length))),
    {
      decode: (text) => hexToBytes(text),
      encode: (bytes) => bytesToHex(bytes),
    },
  );
}

/** Exactly `length` bytes as standard base64 with padding. */
export function base64(length: number): BytesField {
  const characters = 4 * Math.ceil(length / 3);
  return base64Of(z.string().check(z.length(characters)), isBytes.check(z.refine(hasLength(length))));
}

/** At most `maximum` bytes as standard base64 with padding. */
export function base64UpTo(maximum: number): BytesField {
  const characters = 4 * Math.ceil(maximum / 3);
  const isShort = (bytes: Uint8Array): boolean => bytes.length <= maximum;
  return base64Of(z.string().check(z.maxLength(characters)), isBytes.check(z.refine(isShort)));
}

function base64Of(text: z.ZodMiniString, bytes: typeof isBytes): BytesField {
  return z.codec(text, bytes, {
    decode: (encoded, context) => {
      try {
        return fromBase64(encoded);
      } catch {
        context.issues.push({ code: "custom", input: encoded, message: "not canonical base64" });
        return z.NEVER;
      }
    },
    encode: toBase64,
  });
}

export const tenantIdField = z.codec(hex(16), z.custom<TenantId>(hasIdLength), {
  decode: parseTenantId,
  encode: (id) => id,
});
export const conversationIdField = z.codec(hex(16), z.custom<ConversationId>(hasIdLength), {
  decode: parseConversationId,
  encode: (id) => id,
});
export const opaqueId = hex(16);
export const digest256 = hex(32);
export const digest384 = hex(48);
export const ed25519Key = hex(32);
/** X-Wing, 1,216 bytes. */
export const kemKey = base64(1216);
/** Milliseconds since 1970; the year 9999 bounds it. */
export const timeMs = z.int().check(z.nonnegative(), z.maximum(253_402_300_799_999));
export const roleField = z.enum(attestedRoles);
export const conversationKind = z.enum(["chat", "kb"]);
export type ConversationKind = z.output<typeof conversationKind>;
/** Where a tenant's KEK may be. */
export const kmsProvider = z.enum(["local", "vault", "openbao", "aws-kms", "pkcs11"]);
/** The KEK's name in the provider's own words; empty for a local keyring. */
export const kmsKeyRef = z.string().check(z.maxLength(512));
/** A name for people: printable, no white space, no line breaks. */
export const shortName = z.string().check(z.regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/));

function hasLength(length: number) {
  return (bytes: Uint8Array) => bytes.length === length;
}

function hasIdLength(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 16;
}
