import { toBinary } from "@bufbuild/protobuf";
import { equalBytes } from "@noble/curves/utils.js";
import {
  createKemPublicKey,
  createVerifyingKey,
  EnvelopeError,
  type KemPublicKey,
  type VerifyingKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { ConversationRecordSchema, type ConversationRecord as WireRecord } from "@cloister/contracts/keys/release";
import {
  PolicyError,
  readPinnedPolicy,
  verifyConversationStatement,
  type ConversationStatement,
  type Policy,
  type VerifiedChain,
} from "@cloister/policy";
import { KeyringError } from "./errors.ts";

/** Somebody beside the client who may read replies: a support tool that the policy names. */
export interface Recipient {
  readonly name: string;
  readonly key: KemPublicKey;
  /** May be given the placeholder map. */
  readonly mayHaveMap: boolean;
}

/** A conversation as its signed statement and the tenant's newest policy say; all of it verified here. */
export interface ConversationRecord {
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
  readonly kind: "chat" | "kb";
  /** The tenant's opaque name for the person, 16 bytes. */
  readonly subjectRef: Uint8Array | undefined;
  /** Conversations of kind `kb` that the admission lets this one search. */
  readonly knowledgeBases: readonly Uint8Array[];
  /** Where replies are sealed to now. */
  readonly clientKey: KemPublicKey;
  /** What client messages are signed by. */
  readonly clientSigner: VerifyingKey;
  /** 1,216 bytes. */
  readonly inboundPublicKey: Uint8Array;
  /** The end of the bucket of that inbound key. */
  readonly inboundExpiresAtMs: number;
  /** A client message created later was sealed to a key it should have renewed. */
  readonly sealUntilMs: number;
  readonly keysNotAfterMs: number;
  /** The newest policy of the tenant. */
  readonly policy: Policy;
  /** Those whom both the newest policy and the statement's own name. */
  readonly recipients: readonly Recipient[];
}

/** What each record was verified from. */
const sources = new WeakMap<ConversationRecord, { readonly chain: VerifiedChain; readonly wireBytes: Uint8Array }>();

/**
 * Verifies the statement in force under a verified chain: issuer's signature, tenant, conversation_id computed anew
 * from the keys it names. That its inbound key may have expired says nothing against its readers. The record that is
 * `held` is given back if these very bytes were verified under this very chain: leases are renewed every few minutes.
 * @throws KeyringError STATEMENT_INVALID
 */
export function verifyRecord(wire: WireRecord, chain: VerifiedChain, held?: ConversationRecord): ConversationRecord {
  const wireBytes = toBinary(ConversationRecordSchema, wire);
  const source = held && sources.get(held);
  if (held && source?.chain === chain && Buffer.compare(source.wireBytes, wireBytes) === 0) return held;
  const statement = verifiedStatement(wire, chain);
  try {
    const record = recordOf(wire, statement, chain);
    sources.set(record, { chain, wireBytes });
    return record;
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    const sentence = "A conversation's statement or policy names a public key that is none.";
    throw new KeyringError("STATEMENT_INVALID", sentence, { cause });
  }
}

function recordOf(wire: WireRecord, statement: ConversationStatement, chain: VerifiedChain): ConversationRecord {
  return {
    tenantId: statement.tenantId,
    conversationId: statement.conversationId,
    kind: statement.kind,
    subjectRef: statement.subjectRef ?? undefined,
    knowledgeBases: statement.knowledgeBases,
    clientKey: createKemPublicKey(nodeBackend, statement.clientKemPublicKey),
    clientSigner: createVerifyingKey(nodeBackend, statement.clientSigningPublicKey),
    inboundPublicKey: statement.inboundPublicKey,
    inboundExpiresAtMs: statement.expiresAtMs,
    sealUntilMs: statement.sealUntilMs,
    keysNotAfterMs: Number(wire.keysNotAfterMs),
    policy: chain.policy,
    recipients: recipientsOf(chain.policy, pinnedPolicy(wire, statement, chain)),
  };
}

/** The policy that the statement was made under. @throws KeyringError STATEMENT_INVALID unless it has the hash signed */
function pinnedPolicy(wire: WireRecord, statement: ConversationStatement, chain: VerifiedChain): Policy {
  if (statement.policyVersion === chain.policy.version) return chain.policy;
  try {
    return readPinnedPolicy(wire.pinnedPolicy, statement.policyHash);
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    const sentence = "A conversation came without the policy that its statement names.";
    throw new KeyringError("STATEMENT_INVALID", sentence, { cause });
  }
}

/** A key that either policy doesn't name gets nothing; the map goes where both say so. */
function recipientsOf(newest: Policy, pinned: Policy): Recipient[] {
  return newest.recipients.flatMap(({ name, kemPublicKey, map }) => {
    const before = pinned.recipients.find((recipient) => equalBytes(recipient.kemPublicKey, kemPublicKey));
    if (before === undefined) return [];
    return [{ name, key: createKemPublicKey(nodeBackend, kemPublicKey), mayHaveMap: map && before.map }];
  });
}

function verifiedStatement(wire: WireRecord, chain: VerifiedChain): ConversationStatement {
  try {
    const { conversationId } = wire;
    return verifyConversationStatement(wire.statement, chain, { nowMs: "any", conversationId });
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    throw new KeyringError("STATEMENT_INVALID", `A conversation's statement was refused: ${cause.code}.`, { cause });
  }
}
