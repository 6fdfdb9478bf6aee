import { create } from "@bufbuild/protobuf";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  RenewConversationResponseSchema,
  type RenewConversationRequest,
  type RenewConversationResponse,
} from "@cloister/contracts/keys/authority";
import type { ConversationName } from "@cloister/keyring";
import {
  noteSigner,
  renewConversationSigningBytes,
  signConversationStatement,
  verifyConversationStatement,
  verifyEd25519,
  type ConversationStatement,
} from "@cloister/policy";
import { inTransaction, ofTenants } from "@cloister/storage";
import { KeysError } from "../errors.ts";
import { inboundKey, openSecret, secretName } from "../hierarchy/conversation-keys.ts";
import type { TenantKeys } from "../hierarchy/tenant-keys.ts";
import type { KeysParts } from "../keys.parts.ts";
import {
  findConversation,
  findConversationSecret,
  renewConversation as storeRenewal,
} from "../records/conversations.ts";
import type { ConversationRow } from "../records/tables.ts";
import { findConversationTombstone } from "../records/tombstones.ts";
import { refusing, requireBytes, requireKemPublicKey } from "../refusals.ts";
import type { TenantInForce } from "./policy-book.ts";

/** How far `requested_at_ms` may lie from our clock, so that a recorded request soon renews nothing. */
const REQUEST_WINDOW_MS = 5 * 60_000;

/**
 * A new statement for an open conversation: the inbound key of now, the client's new reply key. Its secret lives on
 * for the buckets that the new window brings.
 * @throws KeysError MALFORMED, TENANT_UNKNOWN, POLICY_EXPIRED, CONVERSATION_UNKNOWN, KEY_DESTROYED, KEY_EXPIRED,
 * SIGNATURE_INVALID, REQUEST_EXPIRED when it is not of now or not newer than the last renewal
 */
export async function renewConversation(
  parts: KeysParts,
  request: RenewConversationRequest,
): Promise<RenewConversationResponse> {
  requireForm(request);
  const inForce = await parts.policies.inForce(request.tenantId);
  const keys = await parts.tenantKeys.open(inForce);
  const row = await openRow(parts, request);
  const standing = standingStatement(keys, inForce, row);
  requireSignature(request, standing);
  const statement = isRepeated(row, request)
    ? standing.note
    : await renew(parts, { keys, inForce, request, row, standing });
  return create(RenewConversationResponseSchema, { statement, chain: await parts.chains.of(inForce) });
}

interface OpenRow extends ConversationRow {
  readonly statement: Uint8Array;
}

type StandingStatement = ConversationStatement & { readonly note: Uint8Array };

function requireForm(request: RenewConversationRequest): void {
  requireBytes(request.tenantId, 16);
  requireBytes(request.conversationId, 16);
  requireBytes(request.nonce, 32);
  requireKemPublicKey(request.clientKemPublicKey, "MALFORMED");
}

async function openRow({ db }: KeysParts, name: ConversationName): Promise<OpenRow> {
  const row = await findConversation(db, name);
  if (row === undefined) throw new KeysError("CONVERSATION_UNKNOWN", "No such conversation was opened here.");
  const tombstone = await findConversationTombstone(db, name);
  const { statement } = row;
  if (statement !== null && tombstone === undefined) return { ...row, statement };
  throw new KeysError("KEY_DESTROYED", "The conversation has ended.");
}

/** The operator can write rows, so what a row says counts by the issuer's signature alone. */
function standingStatement(keys: TenantKeys, inForce: TenantInForce, row: OpenRow): StandingStatement {
  const { policy, policyHash } = inForce;
  const { issuer, formerIssuers } = keys;
  const chain = { tenantId: policy.tenantId, policy, policyHash, issuerKey: issuer.publicKeyBytes, formerIssuers };
  const expected = { nowMs: "any" as const, conversationId: row.conversation_id };
  const statement = refusing(() => verifyConversationStatement(row.statement, chain, expected), {
    SIGNATURE_INVALID: "KEY_CORRUPT",
    NOTE_UNSIGNED: "KEY_CORRUPT",
    NOTE_MALFORMED: "KEY_CORRUPT",
    STATEMENT_MALFORMED: "KEY_CORRUPT",
  });
  return { ...statement, note: row.statement };
}

function requireSignature(request: RenewConversationRequest, { clientSigningPublicKey }: ConversationStatement): void {
  if (verifyEd25519(clientSigningPublicKey, renewConversationSigningBytes(request), request.signature)) return;
  throw new KeysError("SIGNATURE_INVALID", "The renewal is not signed by the key that opened the conversation.");
}

function isRepeated(row: OpenRow, request: RenewConversationRequest): boolean {
  return row.renewal_digest !== null && Buffer.compare(row.renewal_digest, digestOf(request)) === 0;
}

async function renew(
  parts: KeysParts,
  input: {
    readonly keys: TenantKeys;
    readonly inForce: TenantInForce;
    readonly request: RenewConversationRequest;
    readonly row: OpenRow;
    readonly standing: StandingStatement;
  },
): Promise<Uint8Array> {
  const { keys, inForce, request, row } = input;
  const { note: _note, ...standing } = input.standing;
  const issuedAtMs = parts.clock.nowMs();
  const renewedAtMs = freshTime(request, row, issuedAtMs);
  const { policy, policyHash } = inForce;
  const name: ConversationName = standing;
  const secretRow = await findConversationSecret(parts.db, name);
  if (secretRow === undefined) throw new KeysError("KEY_DESTROYED", "The conversation has ended.");
  const secret = openSecret(parts, keys, name, secretRow);
  const inbound = await inboundKey(parts, keys, { name, policy, secret, issuedAtMs });
  const notAfterMs = Math.max(secretRow.not_after_ms, inbound.secretNotAfterMs);
  const wrapped = keys.wrap(secretName(name, notAfterMs), secret);
  secret.fill(0);
  const statement = signConversationStatement(
    {
      ...standing,
      clientKemPublicKey: request.clientKemPublicKey,
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
  const renewal = {
    ...name,
    statement,
    policyVersion: policy.version,
    renewalDigest: digestOf(request),
    renewedAtMs,
    notAfterMs,
    wrapped,
  };
  const isRenewed = await inTransaction(parts.db, ofTenants([renewal.tenantId]), (tx) => storeRenewal(tx, renewal));
  if (isRenewed) return statement;
  throw new KeysError("REQUEST_EXPIRED", "Another renewal came first, or the conversation ended meanwhile.");
}

function freshTime({ requestedAtMs }: RenewConversationRequest, row: OpenRow, nowMs: number): number {
  const requested = Number(requestedAtMs);
  if (Math.abs(requested - nowMs) <= REQUEST_WINDOW_MS && requested > row.renewed_at_ms) return requested;
  throw new KeysError("REQUEST_EXPIRED", "The renewal is not of now, or not newer than the last one.");
}

function digestOf(request: RenewConversationRequest): Uint8Array {
  return sha256(renewConversationSigningBytes(request));
}
