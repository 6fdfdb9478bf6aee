import { fromBinary } from "@bufbuild/protobuf";
import { PassageSchema, type DocumentRef } from "@cloister/contracts/content";
import { openEnvelope, Stage, type Header } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord, KeyLease, KeyRequest } from "@cloister/keyring";
import { rewriteForeignPlaceholders } from "@cloister/pii/placeholders";
import type { SealedPassage } from "@cloister/retrieval";

/** `own`: of this very conversation. `subject`: of another one of the same person. `knowledge`: of a knowledge base. */
export type PassageOrigin = "own" | "subject" | "knowledge";

export interface OpenedPassage {
  readonly origin: PassageOrigin;
  readonly causeId: Uint8Array;
  readonly text: string;
  readonly source: { readonly documentId: string; readonly title: string } | undefined;
}

export function vectorKeyOf({ tenantId, conversationId, bucketEndMs }: SealedPassage): KeyRequest {
  return { tenantId, conversationId, purpose: "vector", bucketEndMs };
}

/**
 * The passages that this conversation may be answered from, in clear. The store only proposes: each envelope's own
 * header has to name the tenant, a conversation of the scope and the stage. Placeholders of other conversations lose
 * their numbers. What can't be opened (erased meanwhile) or is out of scope is left out.
 */
export function openPassages(
  sealed: readonly SealedPassage[],
  conversation: ConversationRecord,
  keys: KeyLease,
  nowMs: number,
): OpenedPassage[] {
  return sealed.flatMap((passage) => openPassage(passage, conversation, keys, nowMs) ?? []);
}

function openPassage(
  sealed: SealedPassage,
  conversation: ConversationRecord,
  keys: KeyLease,
  nowMs: number,
): OpenedPassage | undefined {
  try {
    const key = keys.openingKey(vectorKeyOf(sealed));
    const { header, payload } = openEnvelope(nodeBackend, sealed.envelope, { keys: [key], signer: "none", nowMs });
    const origin = originOf(header, conversation, keys);
    if (origin === undefined || header.causeId === undefined) return undefined;
    const { text, document } = fromBinary(PassageSchema, payload);
    const readable = origin === "own" ? (part: string) => part : rewriteForeignPlaceholders;
    return {
      origin,
      causeId: header.causeId,
      text: readable(text),
      source: origin === "knowledge" ? sourceOf(document, readable) : undefined,
    };
  } catch {
    return undefined;
  }
}

function originOf(header: Header, conversation: ConversationRecord, keys: KeyLease): PassageOrigin | undefined {
  const { tenantId, conversationId, knowledgeBases, subjectRef, policy } = conversation;
  if (header.stage !== Stage.PASSAGE || !isSame(header.tenantId, tenantId)) return undefined;
  if (isSame(header.conversationId, conversationId)) return policy.history ? "own" : undefined;
  if (knowledgeBases.some((id) => isSame(id, header.conversationId))) {
    // An admission could name a conversation that is none: somebody's chat is no knowledge base.
    return keys.conversation(header).kind === "kb" ? "knowledge" : undefined;
  }
  const isOfSubject =
    subjectRef !== undefined && header.subjectRef !== undefined && isSame(header.subjectRef, subjectRef);
  return policy.memory && isOfSubject ? "subject" : undefined;
}

function sourceOf(document: DocumentRef | undefined, readable: (part: string) => string): OpenedPassage["source"] {
  if (document === undefined) return undefined;
  return { documentId: document.documentId, title: readable(document.title) };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
