import { fromBinary } from "@bufbuild/protobuf";
import { RedactedMessageSchema } from "@cloister/contracts/content";
import { ContentType, openEnvelope, Stage, type Header, type MessageId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { LogRecord } from "@cloister/messaging";
import { readSealedMessage } from "@cloister/messaging/sealed-events";
import { KeyringError } from "../errors.ts";
import type { KeyRequest } from "../key-request.ts";
import type { LeasedKeys } from "../leased-keys.ts";

/** A redacted message in clear: placeholders instead of personal data. */
export interface RedactedText {
  readonly header: Header;
  /** The client's own message. */
  readonly causeId: MessageId;
  readonly text: string;
  readonly document: { readonly documentId: string; readonly title: string } | undefined;
  /** Set when the tenant's policy refused the message: there is no text then, only what its readers are to be told. */
  readonly refusal: { readonly code: string; readonly sentence: string } | undefined;
}

/** The key that a record's envelope is sealed under. */
export function flowKeyOf(record: LogRecord): KeyRequest {
  const { tenantId, conversationId, expiresAtMs } = readSealedMessage(record).envelope.header;
  return { tenantId, conversationId, purpose: "flow", bucketEndMs: expiresAtMs };
}

/**
 * Opens what redaction sealed.
 * @throws EnvelopeError; KeyringError as `openingKey`, WRONG_STAGE or MALFORMED
 */
export function openRedacted(record: LogRecord, keys: Pick<LeasedKeys, "openingKey">, nowMs: number): RedactedText {
  const { bytes, envelope } = readSealedMessage(record);
  const { stage, contentType } = envelope.header;
  if (stage !== Stage.REDACTED || contentType !== ContentType.REDACTED_MESSAGE) {
    throw new KeyringError("WRONG_STAGE", "Only redacted messages belong on this topic.");
  }
  const key = keys.openingKey(flowKeyOf(record));
  const { header, payload } = openEnvelope(nodeBackend, bytes, { keys: [key], signer: "none", nowMs });
  try {
    return contentOf(header, payload);
  } finally {
    payload.fill(0);
  }
}

function contentOf(header: Header, payload: Uint8Array): RedactedText {
  const { text, document, refusal } = decoded(payload);
  const { causeId } = header;
  if (causeId === undefined) throw new KeyringError("MALFORMED", "A redacted message names no message as its cause.");
  return { header, causeId, text, document, refusal };
}

function decoded(payload: Uint8Array) {
  try {
    return fromBinary(RedactedMessageSchema, payload);
  } catch {
    // The decoder's own message could quote the text.
    throw new KeyringError("MALFORMED", "The redacted message can't be decoded.");
  }
}
