import { create, toBinary } from "@bufbuild/protobuf";
import { TurnSchema } from "@cloister/contracts/content";
import { ContentType, derivedId, sealEnvelope, Stage, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Admitted } from "./admit.ts";
import { cutText } from "./cut-text.ts";
import type { TurnRow } from "./tables.ts";

/** A turn is kept as context for later ones, which never need more; an envelope holds 256 KiB. */
const maxCharacters = 32_000;

/**
 * The turn of a question as it is kept, except for its place in the log: question and answer with their placeholders,
 * under the conversation's `log` key.
 */
export function sealTurn(
  { message, conversation }: Admitted,
  answer: string,
  bucketEndMs: number,
  key: WrapKey,
): Omit<TurnRow, "log_offset"> {
  const { suite, tenantId, conversationId, createdAtMs } = message.header;
  const turn = { question: cutText(message.text, maxCharacters), answer: cutText(answer, maxCharacters) };
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      suite,
      messageId: derivedId(message.causeId, Stage.TURN, 0),
      tenantId,
      conversationId,
      stage: Stage.TURN,
      attempt: 0,
      senderSeq: 0,
      createdAtMs,
      expiresAtMs: bucketEndMs,
      contentType: ContentType.TURN,
      policyVersion: conversation.policy.version,
      causeId: message.causeId,
      ...(conversation.subjectRef && { subjectRef: conversation.subjectRef }),
    },
    payload: toBinary(TurnSchema, create(TurnSchema, turn)),
    recipients: [key],
  });
  return {
    tenant_id: tenantId,
    conversation_id: conversationId,
    cause_id: message.causeId,
    asked_at_ms: createdAtMs,
    envelope: bytes,
    bucket_end_ms: bucketEndMs,
  };
}
