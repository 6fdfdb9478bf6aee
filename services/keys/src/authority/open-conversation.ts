import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  OpenConversationResponseSchema,
  type OpenConversationRequest,
  type OpenConversationResponse,
} from "@cloister/contracts/keys/authority";
import { deriveConversationId, parseTenantId, type ConversationId } from "@cloister/envelope";
import type { ConversationName } from "@cloister/keyring";
import {
  noteSigner,
  openConversationSigningBytes,
  signConversationStatement,
  verifyAdmission,
  verifyEd25519,
  type Admission,
} from "@cloister/policy";
import { inTransaction, ofTenants } from "@cloister/storage";
import { KeysError } from "../errors.ts";
import { inboundKey, secretName } from "../hierarchy/conversation-keys.ts";
import type { KeysParts } from "../keys.parts.ts";
import { findConversation, insertConversation } from "../records/conversations.ts";
import { refusing, requireBytes, requireKemPublicKey } from "../refusals.ts";
import type { TenantInForce } from "./policy-book.ts";

/**
 * Opens a conversation for the keys in the request. The same request again gets the same statement.
 * @throws KeysError MALFORMED, TENANT_UNKNOWN, POLICY_EXPIRED, SIGNATURE_INVALID, ADMISSION_REQUIRED,
 * ADMISSION_INVALID, ADMISSION_EXPIRED, ID_REUSED when the id or the admission was used before, KEY_DESTROYED when the
 * conversation has ended
 */
export async function openConversation(
  parts: KeysParts,
  request: OpenConversationRequest,
): Promise<OpenConversationResponse> {
  requireForm(request);
  const inForce = await parts.policies.inForce(request.tenantId);
  requireSignature(request);
  const clientKeys = { kem: request.clientKemPublicKey, signing: request.clientSigningPublicKey };
  const conversationId = deriveConversationId(parseTenantId(request.tenantId), clientKeys, request.salt);
  const statement =
    (await answeredBefore(parts, request, conversationId)) ?? (await open(parts, inForce, request, conversationId));
  return create(OpenConversationResponseSchema, { statement, chain: await parts.chains.of(inForce) });
}

function requireForm(request: OpenConversationRequest): void {
  requireBytes(request.tenantId, 16);
  requireKemPublicKey(request.clientKemPublicKey, "MALFORMED");
  requireBytes(request.clientSigningPublicKey, 32);
  requireBytes(request.salt, 16);
  requireBytes(request.nonce, 32);
}

function requireSignature(request: OpenConversationRequest): void {
  const message = openConversationSigningBytes(request);
  if (verifyEd25519(request.clientSigningPublicKey, message, request.signature)) return;
  throw new KeysError("SIGNATURE_INVALID", "The request to open a conversation is not signed by its own key.");
}

async function answeredBefore(
  { db }: KeysParts,
  request: OpenConversationRequest,
  conversationId: ConversationId,
): Promise<Uint8Array | undefined> {
  const row = await findConversation(db, { tenantId: request.tenantId, conversationId });
  if (row === undefined) return undefined;
  if (Buffer.compare(row.request_digest, digestOf(request)) !== 0) {
    throw new KeysError("ID_REUSED", "This conversation id was opened by another request; an id is opened once, ever.");
  }
  if (row.opening_statement !== null) return row.opening_statement;
  throw new KeysError("KEY_DESTROYED", "The conversation has ended and its id stays taken.");
}

async function open(
  parts: KeysParts,
  inForce: TenantInForce,
  request: OpenConversationRequest,
  conversationId: ConversationId,
): Promise<Uint8Array> {
  const admission = admitted(parts, inForce, request);
  const keys = await parts.tenantKeys.open(inForce);
  const { policy, policyHash } = inForce;
  const name: ConversationName = { tenantId: policy.tenantId, conversationId };
  const issuedAtMs = parts.clock.nowMs();
  const secret = randomBytes(32);
  const inbound = await inboundKey(parts, keys, { name, policy, secret, issuedAtMs });
  const notAfterMs = inbound.secretNotAfterMs;
  const wrapped = keys.wrap(secretName(name, notAfterMs), secret);
  secret.fill(0);
  const statement = signConversationStatement(
    {
      tenantId: policy.tenantId,
      conversationId,
      kind: admission.kind,
      subjectRef: admission.subjectRef,
      knowledgeBases: admission.knowledgeBases,
      openingKemPublicKey: request.clientKemPublicKey,
      clientKemPublicKey: request.clientKemPublicKey,
      clientSigningPublicKey: request.clientSigningPublicKey,
      salt: request.salt,
      inboundPublicKey: inbound.publicKey,
      issuedAtMs,
      expiresAtMs: inbound.bucketEndMs,
      sealUntilMs: inbound.sealUntilMs,
      policyVersion: policy.version,
      policyHash,
      clientNonce: request.nonce,
    },
    noteSigner(keys.issuer),
  );
  const ids = { tenant_id: name.tenantId, conversation_id: conversationId };
  const conversation = {
    ...ids,
    admission_id: admission.id,
    request_digest: digestOf(request),
    opening_statement: statement,
    statement,
    policy_version: policy.version,
    renewal_digest: null,
    renewed_at_ms: 0,
    opened_at_ms: issuedAtMs,
  };
  const isOpened = await inTransaction(parts.db, ofTenants([policy.tenantId]), (tx) =>
    insertConversation(tx, conversation, { ...ids, not_after_ms: notAfterMs, wrapped }),
  );
  if (isOpened) return statement;
  // The same request at the same time was first, or the admission has opened another conversation.
  const first = await answeredBefore(parts, request, conversationId);
  if (first !== undefined) return first;
  throw new KeysError("ID_REUSED", "This admission has opened another conversation; ask for a new one.");
}

function admitted({ clock }: KeysParts, { policy }: TenantInForce, request: OpenConversationRequest): Admission {
  const { admission, clientKemPublicKey, clientSigningPublicKey } = request;
  const expected = { clientKemPublicKey, clientSigningPublicKey, nowMs: clock.nowMs() };
  return refusing(() => verifyAdmission(admission, policy, expected), {
    NOTE_MALFORMED: "ADMISSION_INVALID",
    SIGNATURE_INVALID: "ADMISSION_INVALID",
  });
}

function digestOf(request: OpenConversationRequest): Uint8Array {
  return sha256(openConversationSigningBytes(request));
}
