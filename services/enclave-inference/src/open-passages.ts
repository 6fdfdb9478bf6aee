import { fromBinary } from "@bufbuild/protobuf";
import { PassageSchema, type Vector } from "@cloister/contracts/content";
import { openEnvelope, Stage, type KemPrivateKey, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { rewriteForeignPlaceholders } from "@cloister/pii/placeholders";
import type { EmbeddingModel, SealedPassage, Searchable, Segment } from "@cloister/retrieval";
import { wordsForPlaceholders } from "./model/placeholder-words.ts";

/** `own`: of this very conversation. `subject`: of another one of the same person. `knowledge`: of a knowledge base. */
export type PassageOrigin = "own" | "subject" | "knowledge";

/** A passage in clear. Its `title` is what it is found by beside its text. */
export interface OpenedPassage extends Searchable {
  readonly origin: PassageOrigin;
  /** Of the message or document that it was cut from. */
  readonly causeIdHex: string;
  /** Of the cause and the place in it: no two passages share one. */
  readonly name: string;
  readonly source: { readonly documentId: string; readonly title: string } | undefined;
}

/** What a segment is opened with. */
export interface Opening {
  readonly segment: Segment;
  readonly origin: PassageOrigin;
  readonly key: WrapKey | KemPrivateKey;
  /** Whose vectors can be compared with the question's. */
  readonly model: EmbeddingModel;
  readonly nowMs: number;
}

/**
 * A passage in clear. The store only proposes: the envelope's own header has to name the segment's tenant, conversation
 * and bucket, the stage, and the cause whose rows were found live: a replaced passage under another's name is none.
 * Placeholders of other conversations lose their numbers. Undefined for what can't be opened (erased meanwhile) or belongs
 * elsewhere.
 */
export function openPassage(sealed: SealedPassage, opening: Opening): OpenedPassage | undefined {
  const { segment, origin, key, model, nowMs } = opening;
  try {
    const { header, payload } = openEnvelope(nodeBackend, sealed.envelope, { keys: [key], signer: "none", nowMs });
    if (header.stage !== Stage.PASSAGE || header.causeId === undefined) return undefined;
    if (!isSame(header.causeId, sealed.causeId)) return undefined;
    if (!isSame(header.tenantId, segment.tenantId) || !isSame(header.conversationId, segment.conversationId)) {
      return undefined;
    }
    if (header.expiresAtMs !== segment.bucketEndMs) return undefined;
    const { text, document, vector } = fromBinary(PassageSchema, payload);
    const readable = origin === "own" ? (part: string) => part : rewriteForeignPlaceholders;
    const isDocument = origin === "knowledge" && document !== undefined;
    const source = isDocument
      ? { documentId: readable(document.documentId), title: readable(document.title) }
      : undefined;
    // Thousands of these are held: one object each, with strings in one piece.
    return {
      origin,
      causeIdHex: flatHex(header.causeId),
      name: flatHex(header.messageId),
      title: origin === "knowledge" ? (source?.title ?? "") : wordsForPlaceholders(text),
      text: readable(text),
      source,
      vector: comparable(vector, model),
    };
  } catch {
    return undefined;
  }
}

function comparable(vector: Vector | undefined, model: EmbeddingModel): Int8Array | undefined {
  if (vector?.model !== model.name || vector.values.length !== model.dimension) return undefined;
  // Each byte as the signed one of the same bits (ECMA-262, ToInt8).
  return new Int8Array(vector.values);
}

/** As `idToHex`, which leaves a chain of pieces behind. */
function flatHex(id: Uint8Array): string {
  return Buffer.from(id).toString("hex");
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
