import { create, toBinary } from "@bufbuild/protobuf";
import { TurnSchema } from "@cloister/contracts/content";
import { ContentType, derivedId, sealEnvelope, Stage, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Admitted } from "./admit.ts";
import { cutText } from "./cut-text.ts";
import type { TurnRow } from "./tables.ts";
import type { RecalledTurn } from "./turn-cache.ts";

/** A turn is kept as context for later ones, which never need more; an envelope holds 256 KiB. */
const maxCharacters = 32_000;

export interface SealedTurn {
  /** Except for its place in the log. */
  readonly row: Omit<TurnRow, "log_offset">;
  /** What opening it will give. */
  readonly turn: RecalledTurn;
}

/**
 * The turn of a question as it is kept: question and answer with their placeholders, under the conversation's `log`
 * key.
 */
export function sealTurn(
  { message, conversation }: Admitted,
  answer: string,
  bucketEndMs: number,
  key: WrapKey,
): SealedTurn {
  const { suite, tenantId, conversationId, createdAtMs } = message.header;
  const content = { question: cutText(message.text, maxCharacters), answer: cutText(answer, maxCharacters) };
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
    payload: toBinary(TurnSchema, create(TurnSchema, content)),
    recipients: [key],
  });
  const row = {
    tenant_id: tenantId,
    conversation_id: conversationId,
    cause_id: message.causeId,
    asked_at_ms: createdAtMs,
    envelope: bytes,
    bucket_end_ms: bucketEndMs,
  };
  return { row, turn: { ...content, causeId: message.causeId.slice() } };
}
