import { idToHex } from "@cloister/envelope";
import type { ConversationRecord, KeyLease, KeyRequest, KeySource } from "@cloister/keyring";
import { flowKeyOf, openRedacted, type RedactedText } from "@cloister/keyring/consuming";
import { done, type ConsumedBatch, type Failed, type RecordResult } from "@cloister/messaging";
import {
  VectorTransforms,
  type PassagesOfCause,
  type PassageTables,
  type SealedPassage,
  type TextEmbedder,
  type VectorIndex,
  type VectorTransform,
} from "@cloister/retrieval";
import type { Clock, Log } from "@cloister/service";
import { failureOf } from "./classify.ts";
import { embedPassages, type EmbeddedPassage } from "./embed-passages.ts";
import { documentsOf, type Documents } from "./documents.ts";
import { sealPassages } from "./seal-passages.ts";
import { isProtected, keptUntil } from "./what-is-kept.ts";

/** What one message changes in the index. */
export interface PassageWrite {
  readonly replaced: readonly PassagesOfCause[];
  readonly passages: readonly SealedPassage[];
}

export type EmbeddingResult = RecordResult<PassageTables, PassageWrite>;

interface Kept {
  readonly message: RedactedText;
  readonly record: ConversationRecord;
  readonly bucketEndMs: number;
}

type Step<T> = T | Failed | "nothing";

export interface EmbeddingSteps {
  readonly keyring: KeySource;
  readonly index: VectorIndex<PassageTables>;
  readonly embedder: TextEmbedder;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * open → decide what is kept → find the documents it replaces → split, embed, seal and protect → write ahead what a store
 * of protected vectors keeps; the consumer stores the rest.
 */
export class EmbeddingPipeline {
  readonly #steps: EmbeddingSteps;
  readonly #transforms: VectorTransforms;
  #hasSaidSealed = false;

  constructor(steps: EmbeddingSteps) {
    this.#steps = steps;
    this.#transforms = new VectorTransforms(steps.embedder.model.dimension);
  }

  async run(batch: ConsumedBatch): Promise<EmbeddingResult[]> {
    const { keyring, index, embedder, clock } = this.#steps;
    const nowMs = clock.nowMs();

    const opening = await keyring.lease(batch.records.map(({ record }) => flowKeyOf(record)));
    const steps = batch.records.map(({ record }) =>
      attempted(() => decide(openRedacted(record, opening, nowMs), opening, nowMs)),
    );

    const kept = steps.filter(isKept);
    const documents = await documentsOf(knowledgeBasesOf(kept), index, keyring, nowMs);
    const sealing = await keyring.lease(kept.map(vectorKeyOf));
    await index.prepare(kept.map(({ bucketEndMs }) => bucketEndMs));
    const embedded = new Map<Kept, EmbeddedPassage[]>();
    for (const one of kept) embedded.set(one, await embedPassages(one.message, embedder));

    const writing = { documents, keys: sealing, modelName: embedder.model.name };
    const writes = steps.map((step) => {
      if (!isKept(step)) return step;
      const passages = embedded.get(step) ?? [];
      return attempted(() => toWrite(step, passages, { ...writing, ...this.#protection(step, sealing) }));
    });
    await index.stage(writes.flatMap((write) => (isWrite(write) ? write.passages : [])));

    return writes.map((write, n) => {
      const step = steps[n];
      if (isWrite(write)) return done([], { write });
      if (write === "nothing") return done([]);
      return step !== undefined && isKept(step) ? this.#failed(write, step) : write;
    });
  }

  /** A system without a store keeps vectors sealed: less is seen of them than the policy allows. */
  #protection({ message, record, bucketEndMs }: Kept, keys: KeyLease): Pick<Writing, "transform"> {
    const { index, log } = this.#steps;
    if (!isProtected(record)) return {};
    if (index.protectedIn !== undefined) {
      return { transform: this.#transforms.of(keys.transformKey(vectorKeyOf({ message, bucketEndMs }))) };
    }
    if (!this.#hasSaidSealed) log.info("a policy allows protected vectors; without a store they stay sealed");
    this.#hasSaidSealed = true;
    return {};
  }

  /** A chat message that can't be remembered is answered all the same: its reader must not be told that it failed. */
  #failed(result: Failed, { record }: Kept): EmbeddingResult {
    const { kind, code } = result.failure;
    if (record.kind === "kb" || kind !== "poison") return result;
    this.#steps.log.warn("a message is not remembered", { code });
    return done([]);
  }
}

function decide(message: RedactedText, keys: KeyLease, nowMs: number): Step<Kept> {
  const record = keys.conversation(message.header);
  const bucketEndMs = keptUntil(message, record, nowMs);
  return bucketEndMs === undefined ? "nothing" : { message, record, bucketEndMs };
}

interface Writing {
  readonly documents: Documents;
  readonly keys: KeyLease;
  readonly modelName: string;
  readonly transform?: VectorTransform;
}

function toWrite(
  { message, record, bucketEndMs }: Kept,
  embedded: readonly EmbeddedPassage[],
  { documents, keys, ...how }: Writing,
): PassageWrite {
  const key = keys.sealingKey(vectorKeyOf({ message, bucketEndMs }));
  const passages = sealPassages(embedded, message, { record, bucketEndMs, key, ...how });
  const { tenantId, conversationId } = message.header;
  const brought = { tenantId, conversationId, causeId: message.causeId, bucketEndMs };
  const replaced = message.document === undefined ? [] : documents.replace(message.document.documentId, brought);
  return { passages, replaced };
}

function vectorKeyOf({ message, bucketEndMs }: Pick<Kept, "message" | "bucketEndMs">): KeyRequest {
  const { tenantId, conversationId } = message.header;
  return { tenantId, conversationId, purpose: "vector", bucketEndMs };
}

function knowledgeBasesOf(kept: readonly Kept[]): ConversationRecord[] {
  const byId = new Map<string, ConversationRecord>();
  for (const { record, message } of kept) {
    if (message.document !== undefined) byId.set(idToHex(record.conversationId), record);
  }
  return [...byId.values()];
}

function isKept(step: Step<Kept>): step is Kept {
  return typeof step === "object" && "message" in step;
}

function isWrite(step: PassageWrite | Failed | "nothing"): step is PassageWrite {
  return typeof step === "object" && "passages" in step;
}

function attempted<T>(work: () => T): T | Failed {
  try {
    return work();
  } catch (error) {
    return failureOf(error);
  }
}
