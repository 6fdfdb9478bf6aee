import { create } from "@bufbuild/protobuf";
import {
  OpenConversationRequestSchema,
  OpenConversationResponseSchema,
  RenewConversationRequestSchema,
  RenewConversationResponseSchema,
} from "@cloister/contracts/keys/authority";
import { createSigningKey, deriveConversationId, idToHex, parseTenantId } from "@cloister/envelope";
import type { AsyncBackend, AsyncSigningKey } from "@cloister/envelope/web";
import {
  openConversationSigningBytes,
  renewConversationSigningBytes,
  verifyConversationStatement,
  type ConversationKind,
  type ConversationStatement,
  type VerifiedChain,
} from "@cloister/policy";

import type { Clock } from "./clock.ts";
import { ClientError } from "./errors.ts";
import { ReplyKeys } from "./reply-keys.ts";
import { protobufBody, trusted, type TenantAuthority } from "./tenant-authority.ts";

/** What an admission statement is bound to (`clientKeysHash` of @cloister/policy takes it as it is). */
export interface ClientPublicKeys {
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  /** X-Wing, 1,216 bytes. */
  readonly clientKemPublicKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly clientSigningPublicKey: Uint8Array;
}

/** Gets a signed admission statement for these keys, usually from the application's own backend. */
export type GetAdmission = (keys: ClientPublicKeys) => Uint8Array | Promise<Uint8Array>;

export interface AuthorityContext {
  readonly backend: AsyncBackend;
  readonly tenantId: Uint8Array;
  readonly authority: TenantAuthority;
  readonly clock: Clock;
}

/** What the statement says that a sender has to know. */
export type InboundKey = Pick<
  ConversationStatement,
  "inboundPublicKey" | "issuedAtMs" | "sealUntilMs" | "expiresAtMs" | "policyVersion"
>;

export interface OpenedConversation {
  readonly conversationId: Uint8Array;
  readonly kind: ConversationKind;
  /** 32 bytes, secret. */
  readonly signingSeed: Uint8Array;
  readonly replyKeys: ReplyKeys;
  readonly inbound: InboundKey;
}

/**
 * Makes the client's keys and opens a conversation for them; nothing in the answer is believed before it is verified.
 * @throws ClientError AUTHORITY_UNTRUSTED, REFUSED, UNREACHABLE, ABORTED, ANSWER_MALFORMED
 */
export async function openConversation(
  context: AuthorityContext,
  wanted: { readonly kind: ConversationKind; readonly admission: GetAdmission; readonly signal?: AbortSignal },
): Promise<OpenedConversation> {
  const { backend, tenantId, authority, clock } = context;
  const replyKeys = ReplyKeys.generate(backend);
  const signingSeed = backend.randomBytes(32);
  const signingKey = createSigningKey(backend, signingSeed);
  const clientKemPublicKey = replyKeys.publicKeyBytes;
  const clientSigningPublicKey = signingKey.publicKeyBytes;
  const unsigned = {
    tenantId,
    clientKemPublicKey,
    clientSigningPublicKey,
    salt: backend.randomBytes(16),
    nonce: backend.randomBytes(32),
    admission: await wanted.admission({ tenantId, clientKemPublicKey, clientSigningPublicKey }),
  };
  const signature = await signingKey.sign(openConversationSigningBytes(unsigned));
  signingKey.destroy();
  const body = protobufBody(
    OpenConversationRequestSchema,
    create(OpenConversationRequestSchema, { ...unsigned, signature }),
  );
  const door = { method: "POST", path: "/v1/conversations", body, signal: wanted.signal } as const;
  const answer = await authority.call(door, OpenConversationResponseSchema);
  const chain = await authority.verify(answer.chain);
  const clientKeys = { kem: clientKemPublicKey, signing: clientSigningPublicKey };
  const conversationId = deriveConversationId(parseTenantId(tenantId), clientKeys, unsigned.salt);
  const expected = { ...unsigned, conversationId, nowMs: clock.nowMs() };
  const statement = trusted(() => verifyConversationStatement(answer.statement, chain, expected));
  if (statement.kind !== wanted.kind) {
    throw new ClientError("REFUSED", `The admission is for a conversation of kind ${statement.kind}.`, {
      problem: "ADMISSION_INVALID",
    });
  }
  return { conversationId, kind: statement.kind, signingSeed, replyKeys, inbound: statement };
}

/**
 * Asks for a new inbound key, with a new reply key of the client's own, which is in use from then on.
 * @throws ClientError AUTHORITY_UNTRUSTED, REFUSED, UNREACHABLE, ABORTED, ANSWER_MALFORMED
 */
export async function renewConversation(
  context: AuthorityContext,
  conversation: {
    readonly conversationId: Uint8Array;
    readonly signingKey: AsyncSigningKey;
    readonly replyKeys: ReplyKeys;
    readonly inbound: InboundKey;
  },
  signal: AbortSignal | undefined,
): Promise<InboundKey> {
  const { backend, tenantId, authority, clock } = context;
  const { conversationId, signingKey, replyKeys } = conversation;
  const unsigned = {
    tenantId,
    conversationId,
    nonce: backend.randomBytes(32),
    clientKemPublicKey: replyKeys.prepareNext(),
    requestedAtMs: BigInt(clock.nowMs()),
  };
  const signature = await signingKey.sign(renewConversationSigningBytes(unsigned));
  const request = create(RenewConversationRequestSchema, { ...unsigned, signature });
  const body = protobufBody(RenewConversationRequestSchema, request);
  const path = `/v1/conversations/${idToHex(conversationId)}/renew`;
  const answer = await authority.call({ method: "POST", path, body, signal }, RenewConversationResponseSchema);
  const chain = await authority.verify(answer.chain);
  const expected = { ...unsigned, clientSigningPublicKey: signingKey.publicKeyBytes, nowMs: clock.nowMs() };
  const statement = trusted(() => verifyConversationStatement(answer.statement, chain, expected));
  replyKeys.rotate(lastReplyMs(conversation.inbound, chain));
  return statement;
}

/** Until when a reply to a message under this inbound key may wait in the mailbox. */
function lastReplyMs({ expiresAtMs }: InboundKey, { policy }: VerifiedChain): number {
  return expiresAtMs + policy.periods.mailbox.periodMs;
}
