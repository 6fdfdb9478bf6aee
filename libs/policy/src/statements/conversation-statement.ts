import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import {
  conversationIdField,
  conversationKind,
  digest256,
  ed25519Key,
  kemKey,
  opaqueId,
  tenantIdField,
  timeMs,
} from "../fields.ts";
import { deriveConversationId } from "@cloister/envelope";
import { noteKeyName } from "../key-names.ts";
import type { Policy } from "../policy.ts";
import { openIssued, type IssuerKeys } from "../issuer-keys.ts";
import { signStatement, statementFormat } from "../statement.ts";

const schema = z.strictObject({
  tenantId: tenantIdField,
  conversationId: conversationIdField,
  kind: conversationKind,
  subjectRef: z.nullable(opaqueId),
  knowledgeBases: z.array(conversationIdField).check(z.maxLength(16)),
  /** The client's key of the opening request: part of conversation_id, never replaced. */
  openingKemPublicKey: kemKey,
  /** Where replies are sealed to now; the opening key until the first renewal. */
  clientKemPublicKey: kemKey,
  clientSigningPublicKey: ed25519Key,
  salt: opaqueId,
  inboundPublicKey: kemKey,
  issuedAtMs: timeMs,
  /** The end of the inbound key's flow bucket: `expires_at_ms` of what is sealed to it. */
  expiresAtMs: timeMs,
  sealUntilMs: timeMs,
  policyVersion: z.int().check(z.minimum(1)),
  policyHash: digest256,
  /** The nonce of the request that this answers. */
  clientNonce: digest256,
});

/** What `keys` answers to an opening or a renewal, signed by the tenant's issuer key. */
export type ConversationStatement = z.output<typeof schema>;

const format = statementFormat("conversation", schema);

export function signConversationStatement(statement: ConversationStatement, issuer: NoteSigner): Uint8Array {
  return signStatement(format, statement, [{ name: noteKeyName(statement.tenantId, "issuer"), key: issuer }]);
}

/** What the verifier knows by itself. Each field that is given must match. */
export interface ConversationExpectations {
  /** "any": an expired statement is welcome, as it still says who the readers are. Never to seal by. */
  readonly nowMs: number | "any";
  readonly conversationId?: Uint8Array;
  /** The client's own nonce; an instance that reads the record has none. */
  readonly nonce?: Uint8Array;
  readonly clientKemPublicKey?: Uint8Array;
  readonly clientSigningPublicKey?: Uint8Array;
}

export interface StatementChain extends IssuerKeys {
  readonly policy: Policy;
  readonly policyHash: Uint8Array;
}

/**
 * Checks that the issuer of a verified chain signed the statement and that it can't have been given other readers:
 * conversation_id is computed anew from the keys it names.
 * @throws PolicyError of `openNote`; STATEMENT_MALFORMED; STATEMENT_MISMATCH if the id or an expected field differs;
 * POLICY_STALE if made under a newer policy than the chain's, or the same version with other text; RETENTION_TOO_LONG
 * if its key lives longer than the policy's flow period; STATEMENT_EXPIRED from expiresAtMs on, unless "any" time will do.
 */
export function verifyConversationStatement(
  note: Uint8Array,
  chain: StatementChain,
  expected: ConversationExpectations,
): ConversationStatement {
  const { value } = openIssued(format, note, chain, ({ issuedAtMs }) => issuedAtMs);
  checkIdentity(value, chain);
  checkExpectations(value, expected);
  checkPolicy(value, chain);
  if (expected.nowMs !== "any" && expected.nowMs >= value.expiresAtMs) {
    throw new PolicyError("STATEMENT_EXPIRED", "The conversation's statement is expired; renew the conversation.");
  }
  return value;
}

function checkIdentity(value: ConversationStatement, chain: StatementChain): void {
  const computedId = deriveConversationId(
    value.tenantId,
    { kem: value.openingKemPublicKey, signing: value.clientSigningPublicKey },
    value.salt,
  );
  if (!equalBytes(value.tenantId, chain.tenantId) || !equalBytes(computedId, value.conversationId)) {
    throw new PolicyError("STATEMENT_MISMATCH", "The conversation's id doesn't belong to the keys in its statement.");
  }
}

function checkExpectations(value: ConversationStatement, expected: ConversationExpectations): void {
  const pairs: readonly (readonly [Uint8Array | undefined, Uint8Array])[] = [
    [expected.conversationId, value.conversationId],
    [expected.nonce, value.clientNonce],
    [expected.clientKemPublicKey, value.clientKemPublicKey],
    [expected.clientSigningPublicKey, value.clientSigningPublicKey],
  ];
  if (pairs.some(([wanted, found]) => wanted !== undefined && !equalBytes(wanted, found))) {
    throw new PolicyError("STATEMENT_MISMATCH", "The statement answers another request or names other client keys.");
  }
}

function checkPolicy(value: ConversationStatement, { policy, policyHash }: StatementChain): void {
  const isSameVersion = value.policyVersion === policy.version;
  if (value.policyVersion > policy.version || (isSameVersion && !equalBytes(value.policyHash, policyHash))) {
    throw new PolicyError("POLICY_STALE", "The statement was made under another policy than the one known here.");
  }
  const isOrdered = value.issuedAtMs < value.sealUntilMs && value.sealUntilMs <= value.expiresAtMs;
  const isTooLong = isSameVersion && value.expiresAtMs - value.issuedAtMs > policy.periods.flow.periodMs;
  if (!isOrdered || isTooLong) {
    throw new PolicyError("RETENTION_TOO_LONG", "The conversation's key would outlive the period of the policy.");
  }
}
