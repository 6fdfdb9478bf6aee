import { fromBinary } from "@bufbuild/protobuf";
import { KnowledgeDocumentSchema } from "@cloister/contracts/content";
import { ContentType, openEnvelope, requireNotExpired, Stage, type Header } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord, KeyLease } from "@cloister/keyring";
import type { SealedMessage } from "@cloister/messaging/sealed-events";
import { checkMessage, PolicyError, type MessageContext } from "@cloister/policy";
import { RedactionError } from "./errors.ts";

/** A client's message in clear: a chat message is one text, a knowledge document has an id and a title beside it. */
export interface OpenedMessage {
  readonly header: Header;
  readonly text: string;
  readonly document: { readonly documentId: string; readonly title: string } | undefined;
}

const MAX_DOCUMENT_ID_CHARACTERS = 256;
const MAX_TITLE_CHARACTERS = 1024;

/**
 * Opens what a client sent and checks all that needs the key: that the conversation's client signed it, that its stage
 * and kind of content belong here, that the tenant's policy lets it in.
 * @throws EnvelopeError, KeyringError, PolicyError; RedactionError WRONG_STAGE or MALFORMED
 */
export function openMessage(
  message: SealedMessage,
  conversation: ConversationRecord,
  keys: KeyLease,
  context: MessageContext,
): OpenedMessage {
  const { nowMs } = context;
  const { header } = message.envelope;
  if (header.stage !== Stage.INBOUND) {
    throw new RedactionError("WRONG_STAGE", "Only a client's own message belongs on the inbound topic.");
  }
  requireNotExpired(header, nowMs);
  checkMessage(conversation.policy, header, context);
  if (header.createdAtMs > conversation.sealUntilMs) {
    throw new PolicyError("STATEMENT_EXPIRED", "The message was sealed under a statement that it should have renewed.");
  }
  const { tenantId, conversationId, expiresAtMs: bucketEndMs } = header;
  const key = keys.openingKey({ tenantId, conversationId, purpose: "inbound", bucketEndMs });
  const opened = openEnvelope(nodeBackend, message.bytes, { keys: [key], signer: conversation.clientSigner, nowMs });
  try {
    return { header: opened.header, ...contentOf(opened.header.contentType, opened.payload, conversation.kind) };
  } finally {
    opened.payload.fill(0);
  }
}

type Content = Omit<OpenedMessage, "header">;

function contentOf(contentType: ContentType, payload: Uint8Array, kind: ConversationRecord["kind"]): Content {
  if (contentType === ContentType.TEXT && kind === "chat") return { text: utf8(payload), document: undefined };
  if (contentType === ContentType.KNOWLEDGE_DOCUMENT && kind === "kb") return documentOf(payload);
  throw new RedactionError("MALFORMED", "The kind of content does not belong in a conversation of this kind.");
}

function documentOf(payload: Uint8Array): Content {
  const { documentId, title, text } = decoded(payload);
  const isBounded = documentId.length <= MAX_DOCUMENT_ID_CHARACTERS && title.length <= MAX_TITLE_CHARACTERS;
  if (documentId.length === 0 || !isBounded) {
    throw new RedactionError(
      "MALFORMED",
      "A document needs an id of 1 to 256 characters and a title of at most 1,024.",
    );
  }
  return { text, document: { documentId, title } };
}

function decoded(payload: Uint8Array) {
  try {
    return fromBinary(KnowledgeDocumentSchema, payload);
  } catch {
    // The decoder's own message could quote the text.
    throw new RedactionError("MALFORMED", "The sealed document can't be decoded.");
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RedactionError("MALFORMED", "The sealed text is not UTF-8.");
  }
}
