import { idToHex, parseEnvelope, type Header } from "@cloister/envelope";
import { fromBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema, ReplyEventSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import type { DeadLetter, LetterPlace } from "../dead-letters.ts";

/** A letter as the door tells of it. Sealed content never leaves; ids are hexadecimal. */
export interface LetterView {
  /** `<service>-<partition>-<offset>` */
  readonly id: string;
  readonly service: string;
  readonly topic: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly atMs: number;
  readonly keptUntilMs: number;
  readonly bytes: number;
  readonly tenantId: string | null;
  readonly conversationId: string | null;
  readonly messageId: string | null;
}

/** The public header of the envelope inside, if there is one that can be read. */
export interface EnvelopeView {
  readonly suite: number;
  readonly stage: number;
  readonly contentType: number;
  readonly tenantId: string;
  readonly conversationId: string;
  readonly messageId: string;
  readonly causeId: string | null;
  readonly attempt: number;
  readonly senderSeq: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly policyVersion: number;
  readonly recipients: number;
}

export function viewOf(letter: DeadLetter): LetterView {
  const { consumer: service, topic, code, isRetryable: retryable, atMs, bucketEndMs: keptUntilMs, bytes } = letter;
  return {
    id: idOf(letter),
    service,
    topic,
    code,
    retryable,
    atMs,
    keptUntilMs,
    bytes,
    tenantId: hexOrNull(letter.tenantId),
    conversationId: hexOrNull(letter.conversationId),
    messageId: hexOrNull(letter.messageId),
  };
}

export function idOf({ consumer, partition, offset }: Pick<DeadLetter, "consumer" | "partition" | "offset">): string {
  return `${consumer}-${partition}-${offset}`;
}

/** Undefined for what is no id of a letter. */
export function placeOf(id: string): (LetterPlace & { readonly consumer: string }) | undefined {
  const [, consumer, partition, offset] = /^([a-z-]{1,64})-(\d{1,6})-(\d{1,15})$/u.exec(id) ?? [];
  if (consumer === undefined || partition === undefined || offset === undefined) return undefined;
  return { consumer, partition: Number(partition), offset: Number(offset) };
}

/** Undefined when the record holds no envelope that this version can read. */
export function envelopeView(topic: string, value: Uint8Array): EnvelopeView | undefined {
  try {
    const envelope = envelopeIn(topic, value);
    if (envelope === undefined) return undefined;
    const { header, recipients } = parseEnvelope(envelope);
    return { ...publicHeader(header), recipients: recipients.length };
  } catch {
    return undefined;
  }
}

function envelopeIn(topic: string, value: Uint8Array): Uint8Array | undefined {
  if (topic !== topics.replies) return fromBinary(MessageSealedSchema, value).envelope;
  const { event } = fromBinary(ReplyEventSchema, value);
  return event.case === "sealed" ? event.value.envelope : undefined;
}

function publicHeader(header: Header): Omit<EnvelopeView, "recipients"> {
  const { suite, stage, contentType, attempt, senderSeq, createdAtMs, expiresAtMs, policyVersion } = header;
  return {
    suite,
    stage,
    contentType,
    tenantId: idToHex(header.tenantId),
    conversationId: idToHex(header.conversationId),
    messageId: idToHex(header.messageId),
    causeId: header.causeId === undefined ? null : idToHex(header.causeId),
    attempt,
    senderSeq: String(senderSeq),
    createdAtMs,
    expiresAtMs,
    policyVersion,
  };
}

const hexOrNull = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("hex");
