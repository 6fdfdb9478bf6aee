import { create, toBinary } from "@bufbuild/protobuf";
import { ReplySchema } from "@cloister/contracts/content";
import {
  ContentType,
  derivedId,
  idToHex,
  sealEnvelope,
  Stage,
  type KemPublicKey,
  type SigningKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord } from "@cloister/keyring";
import { bucketEndMs } from "@cloister/policy";
import type { Admitted } from "./admit.ts";
import type { ModelAnswer } from "./model/model-runtime.ts";

/** What a reply says: a model's answer, or why the tenant's policy refused the message. */
export interface ReplyContent extends ModelAnswer {
  readonly refusalCode?: string;
}

/**
 * The final reply: sealed to the client's reply key and the policy's recipients, signed by this instance. Its id is
 * derived from the message that it answers, so that answering again gives the same id. It expires with its mailbox.
 */
export function sealReply(
  { message, conversation }: Admitted,
  { text, sources, model, refusalCode }: ReplyContent,
  signer: SigningKey,
  nowMs: number,
): Uint8Array {
  const { suite, tenantId, conversationId, createdAtMs } = message.header;
  const { periodMs } = conversation.policy.periods.mailbox;
  const reply = create(ReplySchema, {
    text,
    sources: sources.map(({ documentId, title }) => ({ documentId, title })),
    model,
    ...(refusalCode !== undefined && { refusalCode }),
  });
  return sealEnvelope(nodeBackend, {
    header: {
      suite,
      messageId: derivedId(message.causeId, Stage.REPLY, 0),
      tenantId,
      conversationId,
      stage: Stage.REPLY,
      attempt: 0,
      senderSeq: 0,
      // The reader checks the signer's certificate as of now; what is kept is counted from the question.
      createdAtMs: nowMs,
      expiresAtMs: bucketEndMs(periodMs, createdAtMs),
      contentType: ContentType.REPLY,
      policyVersion: conversation.policy.version,
      causeId: message.causeId,
      ...(conversation.subjectRef && { subjectRef: conversation.subjectRef }),
    },
    payload: toBinary(ReplySchema, reply),
    recipients: readersOf(conversation),
    signer,
  }).bytes;
}

/** Each key once: a client may be named as a recipient, too. */
export function readersOf({ clientKey, recipients }: ConversationRecord): KemPublicKey[] {
  const readers = new Map<string, KemPublicKey>();
  for (const key of [clientKey, ...recipients.map((recipient) => recipient.key)]) {
    readers.set(idToHex(key.keyId), key);
  }
  return [...readers.values()];
}
