import { create, toBinary } from "@bufbuild/protobuf";
import { PassageSchema } from "@cloister/contracts/content";
import { ContentType, derivedId, sealEnvelope, Stage, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord } from "@cloister/keyring";
import { splitPassages, type SealedPassage } from "@cloister/retrieval";
import type { RedactedText } from "@cloister/keyring/consuming";

/** The passages of a text, each an envelope of its own under the conversation's `vector` key. */
export function sealPassages(
  message: RedactedText,
  record: ConversationRecord,
  bucketEndMs: number,
  key: WrapKey,
): SealedPassage[] {
  return splitPassages(message.text).map((text, number) =>
    sealPassage(text, number, message, record, bucketEndMs, key),
  );
}

function sealPassage(
  text: string,
  number: number,
  { header, causeId, document }: RedactedText,
  record: ConversationRecord,
  bucketEndMs: number,
  key: WrapKey,
): SealedPassage {
  const { suite, tenantId, conversationId, createdAtMs } = header;
  const subject = record.subjectRef === undefined ? {} : { subjectRef: record.subjectRef };
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      suite,
      messageId: derivedId(causeId, Stage.PASSAGE, number),
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
    payload: toBinary(PassageSchema, create(PassageSchema, { text, ...(document && { document }) })),
    recipients: [key],
  });
  return { tenantId, conversationId, causeId, number, ...subject, bucketEndMs, envelope: bytes };
}
