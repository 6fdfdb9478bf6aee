import { create, toBinary } from "@bufbuild/protobuf";
import { PassageSchema } from "@cloister/contracts/content";
import { ContentType, derivedId, sealEnvelope, Stage, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord } from "@cloister/keyring";
import type { RedactedText } from "@cloister/keyring/consuming";
import { directionOf, type SealedPassage, type VectorTransform } from "@cloister/retrieval";
import type { EmbeddedPassage } from "./embed-passages.ts";

export interface PassagePlace {
  readonly record: ConversationRecord;
  readonly bucketEndMs: number;
  /** Of the conversation, for the purpose `vector`. */
  readonly key: WrapKey;
  /** Of the model that made the vectors. */
  readonly modelName: string;
  /** Where the vectors go into a store of protected ones as well. */
  readonly transform?: VectorTransform;
}

/**
 * The passages of a message with their vectors, each an envelope of its own under the conversation's `vector` key. The
 * envelope's header, which is authenticated with it, names tenant, conversation, bucket and message; the model's name is
 * sealed beside the numbers.
 */
export function sealPassages(
  passages: readonly EmbeddedPassage[],
  message: RedactedText,
  place: PassagePlace,
): SealedPassage[] {
  return passages.map((passage, number) => sealPassage(passage, number, message, place));
}

function sealPassage(
  { text, vector }: EmbeddedPassage,
  number: number,
  { header, causeId, document }: RedactedText,
  { record, bucketEndMs, key, modelName, transform }: PassagePlace,
): SealedPassage {
  const { suite, tenantId, conversationId, createdAtMs } = header;
  const subject = record.subjectRef === undefined ? {} : { subjectRef: record.subjectRef };
  const passage = create(PassageSchema, {
    text,
    ...(document && { document }),
    ...(vector && {
      vector: { model: modelName, values: new Uint8Array(vector.buffer, vector.byteOffset, vector.length) },
    }),
  });
  const messageId = derivedId(causeId, Stage.PASSAGE, number);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      suite,
      messageId,
      tenantId,
      conversationId,
      stage: Stage.PASSAGE,
      attempt: 0,
      senderSeq: 0,
      createdAtMs,
      expiresAtMs: bucketEndMs,
      contentType: ContentType.PASSAGE,
      policyVersion: record.policy.version,
      causeId,
      ...subject,
    },
    payload: toBinary(PassageSchema, passage),
    recipients: [key],
  });
  const protection = transform && {
    protection: vector === undefined ? {} : { vector: transform.protect(directionOf(vector), messageId) },
  };
  return { tenantId, conversationId, causeId, number, ...subject, bucketEndMs, envelope: bytes, ...protection };
}
