import * as z from "zod/mini";

import { base64ToBytes, bytesToBase64 } from "./encoding.ts";
import { ClientError } from "./errors.ts";

function bytes(length: number) {
  return z.codec(
    z.string(),
    z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length),
    { decode: (text) => base64ToBytes(text) ?? new Uint8Array(), encode: (value) => bytesToBase64(value) },
  );
}

const count = z.int().check(z.nonnegative());

const schema = z.strictObject({
  version: z.literal(1),
  tenantId: bytes(16),
  conversationId: bytes(16),
  kind: z.enum(["chat", "kb"]),
  signingSeed: bytes(32),
  replyKeys: z.strictObject({
    current: bytes(32),
    pending: z.optional(bytes(32)),
    former: z.array(z.strictObject({ seed: bytes(32), keepUntilMs: count })),
  }),
  inbound: z.strictObject({
    inboundPublicKey: bytes(1216),
    issuedAtMs: count,
    sealUntilMs: count,
    expiresAtMs: count,
    policyVersion: count,
  }),
  /** The tenant's roots as they were seen, genesis first. */
  roots: z.optional(z.array(bytes(32)).check(z.maxLength(16))),
  lastSenderSeq: count,
  lastEventId: z.optional(z.string()),
  placeholders: z.array(
    z.strictObject({ placeholder: z.string(), type: z.string(), value: z.string(), expiresAtMs: count }),
  ),
  seenReplies: z.array(z.tuple([z.string(), z.string()])),
});

/** What a conversation needs to go on in another process. */
export type ConversationSnapshot = z.output<typeof schema>;

/**
 * A conversation as JSON data. SECRET: it holds the conversation's private keys and the values behind its placeholders.
 * Whoever has it reads the replies and writes in the client's name. Keep it like a private key; never log it.
 */
export type ConversationState = z.input<typeof schema>;

export function encodeState(snapshot: ConversationSnapshot): ConversationState {
  return z.encode(schema, snapshot);
}

/** @throws ClientError STATE_INVALID; its message names fields, never their values */
export function decodeState(state: unknown): ConversationSnapshot {
  const result = z.safeDecode(schema, state as ConversationState); // checked here, field by field
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => path.join(".") || "(all)").join(", ");
  throw new ClientError("STATE_INVALID", `This is no exported conversation of version 1. Look at: ${fields}.`);
}
