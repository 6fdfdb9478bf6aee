import { fromBinary } from "@bufbuild/protobuf";
import { PassageSchema } from "@cloister/contracts/content";
import { openEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  conversationText,
  type ConversationName,
  type KeyLease,
  type KeyRequest,
  type KeySource,
} from "@cloister/keyring";
import type { PassagesOfCause, SealedPassage, VectorIndex } from "@cloister/retrieval";

/**
 * Which documents the knowledge bases of a batch hold already. A document's id is the importer's own word, so it lies
 * sealed inside its passages, nowhere in clear: its first passage is opened to learn it.
 */
export class Documents {
  readonly #causes = new Map<string, PassagesOfCause[]>();

  /** Takes down that a message brought a document, and gives the earlier messages that it replaces. */
  replace(documentId: string, brought: PassagesOfCause): PassagesOfCause[] {
    const name = nameOf(brought, documentId);
    const causeId = Buffer.from(brought.causeId);
    const earlier = (this.#causes.get(name) ?? []).filter((one) => causeId.compare(one.causeId) !== 0);
    this.#causes.set(name, [brought]);
    return earlier;
  }

  add(documentId: string, held: PassagesOfCause): void {
    const name = nameOf(held, documentId);
    this.#causes.set(name, [...(this.#causes.get(name) ?? []), held]);
  }
}

/** @throws KeyringError of scope `shared`, and outages of the index */
export async function documentsOf(
  knowledgeBases: readonly ConversationName[],
  index: Pick<VectorIndex<never>, "firstPassages">,
  keyring: KeySource,
  nowMs: number,
): Promise<Documents> {
  const documents = new Documents();
  const held: SealedPassage[] = [];
  for (const knowledgeBase of knowledgeBases) held.push(...(await index.firstPassages(knowledgeBase, nowMs)));
  if (held.length === 0) return documents;
  const keys = await keyring.lease(held.map(vectorKeyOf));
  for (const passage of held) {
    const documentId = documentIdOf(passage, keys, nowMs);
    if (documentId !== undefined) documents.add(documentId, passage);
  }
  return documents;
}

function vectorKeyOf({ tenantId, conversationId, bucketEndMs }: SealedPassage): KeyRequest {
  return { tenantId, conversationId, purpose: "vector", bucketEndMs };
}

/** Undefined for what nobody can open any more: it answers no question either. */
function documentIdOf(passage: SealedPassage, keys: KeyLease, nowMs: number): string | undefined {
  try {
    const key = keys.openingKey(vectorKeyOf(passage));
    const { header, payload } = openEnvelope(nodeBackend, passage.envelope, { keys: [key], signer: "none", nowMs });
    if (header.stage !== Stage.PASSAGE) return undefined;
    return fromBinary(PassageSchema, payload).document?.documentId;
  } catch {
    return undefined;
  }
}

function nameOf(knowledgeBase: ConversationName, documentId: string): string {
  return `${conversationText(knowledgeBase)}/${documentId}`;
}
