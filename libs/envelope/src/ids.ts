import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { plain } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";

declare const brand: unique symbol;
type Id<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** SHA-256(label ‖ genesis root public key)[:16]. */
export type TenantId = Id<"TenantId">;
/** SHA-256(label ‖ tenant ‖ client keys ‖ random)[:16]. */
export type ConversationId = Id<"ConversationId">;
/** UUIDv7 of a client, or UUIDv8 derived from the message that caused it. */
export type MessageId = Id<"MessageId">;
/** Names a key; never secret. */
export type KeyId = Id<"KeyId">;

const LENGTH = 16;
const TEXT = /^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/iu;

/** From 16 bytes (kept, not copied), or from 32 hexadecimal digits or a UUID's text. @throws MALFORMED */
export function parseTenantId(input: Uint8Array | string): TenantId {
  return parseId(input, "tenant id") as TenantId; // parseId proved the length, which is all the brand says
}

/** As `parseTenantId`. @throws MALFORMED */
export function parseConversationId(input: Uint8Array | string): ConversationId {
  return parseId(input, "conversation id") as ConversationId; // length proved by parseId
}

/** As `parseTenantId`. @throws MALFORMED */
export function parseMessageId(input: Uint8Array | string): MessageId {
  return parseId(input, "message id") as MessageId; // length proved by parseId
}

/** As `parseTenantId`. @throws MALFORMED */
export function parseKeyId(input: Uint8Array | string): KeyId {
  return parseId(input, "key id") as KeyId; // length proved by parseId
}

/** 32 lower-case hexadecimal digits. */
export function idToHex(id: Uint8Array): string {
  return bytesToHex(id);
}

/** 8-4-4-4-12 lower-case hexadecimal digits, as RFC 9562 writes a UUID. */
export function idToUuid(id: Uint8Array): string {
  const hex = bytesToHex(id);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function parseId(input: Uint8Array | string, what: string): Uint8Array {
  if (typeof input === "string") {
    if (!TEXT.test(input)) throw new EnvelopeError("MALFORMED", `A ${what} is 32 hexadecimal digits or a UUID.`);
    return hexToBytes(input.replaceAll("-", "").toLowerCase());
  }
  if (input.length !== LENGTH) throw new EnvelopeError("MALFORMED", `A ${what} has ${String(LENGTH)} bytes.`);
  return plain(input);
}
