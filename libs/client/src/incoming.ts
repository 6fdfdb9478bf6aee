import { fromBinary } from "@bufbuild/protobuf";
import { MapDeltaSchema, ReplySchema, type MapDelta, type Reply } from "@cloister/contracts/content";
import { ReplyEventSchema, type LiveOpening, type ReplyEvent, type ReplySealed } from "@cloister/contracts/events";
import {
  ContentType,
  createVerifyingKey,
  EnvelopeError,
  type EnvelopeErrorCode,
  parseEnvelope,
  Stage,
  type Header,
  type MessageId,
  type StreamOpener,
} from "@cloister/envelope";
import { openEnvelopeWeb, type AsyncBackend, type AsyncKemPrivateKey } from "@cloister/envelope/web";
import { PolicyError, type PolicyErrorCode, verifyInstanceCertificate, type VerifiedChain } from "@cloister/policy";

import { sameBytes } from "./encoding.ts";

/** A mailbox event that was verified and opened. */
export type Incoming =
  | { readonly kind: "reply"; readonly header: AnsweringHeader; readonly reply: Reply }
  | { readonly kind: "map-delta"; readonly header: AnsweringHeader; readonly delta: MapDelta };

/** The beginning of a stream of live cells that was verified. */
export interface OpenedLive {
  readonly header: AnsweringHeader;
  readonly stream: StreamOpener;
}

type AnsweringHeader = Header & { readonly causeId: MessageId };

export interface OpeningContext {
  readonly backend: AsyncBackend;
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
  readonly replyKeys: readonly AsyncKemPrivateKey[];
  readonly chain: VerifiedChain;
  readonly nowMs: number;
}

/** What the SDK itself refuses to show, beside what the verifiers of policy and envelope refuse. */
export const refusedEvents = {
  MALFORMED: {
    title: "The event of the mailbox is in no form that this version knows",
    remedy: "Update the SDK; if it stays so, somebody changed the event.",
  },
  WRONG_STAGE: {
    title: "The event is no reply and no map entry",
    remedy: "Nothing to do: it is not shown.",
  },
  WRONG_CONVERSATION: {
    title: "The event is another conversation's",
    remedy: "Nothing to do: it is not shown. Somebody moved it.",
  },
  CAUSE_MISSING: {
    title: "The event answers no message",
    remedy: "Nothing to do: it is not shown.",
  },
  PLACEHOLDER_REUSED: {
    title: "A placeholder was given a second value",
    remedy: "The first value stays; report it, since redaction never does so.",
  },
} as const;

/** Why an event is not shown; `code` is the SDK's or a verifier's own. */
export class RefusedEvent extends Error {
  readonly code: keyof typeof refusedEvents | EnvelopeErrorCode | PolicyErrorCode;

  constructor(code: RefusedEvent["code"], cause?: unknown) {
    super(`An event of the mailbox was refused with ${code}.`, { cause });
    this.name = "RefusedEvent";
    this.code = code;
  }
}

/** @throws RefusedEvent MALFORMED */
export function parseReplyEvent(bytes: Uint8Array | undefined): ReplyEvent["event"] {
  if (bytes === undefined) throw new RefusedEvent("MALFORMED");
  try {
    return fromBinary(ReplyEventSchema, bytes).event;
  } catch (cause) {
    throw new RefusedEvent("MALFORMED", cause);
  }
}

/**
 * Verifies who sealed an event, then opens it. Nothing of it is used before: the certificate of its signer, for the role
 * whose word it is, valid when it was made; the signature; tenant and conversation; the message that caused it.
 * @throws RefusedEvent with the code of the PolicyError or EnvelopeError
 */
export async function openIncoming(sealed: ReplySealed, context: OpeningContext): Promise<Incoming> {
  return refusing(() => open(sealed, context));
}

/** The same for what opens a stream: inference's word, and nothing but a stream. @throws RefusedEvent */
export async function openLive(opening: LiveOpening, context: OpeningContext): Promise<OpenedLive> {
  return refusing(async () => {
    const { header, signer } = verifiedSigner(opening, context);
    if (header.stage !== Stage.STREAM) throw new RefusedEvent("WRONG_STAGE");
    const request = { keys: context.replyKeys, signer, nowMs: context.nowMs, stream: true as const };
    const { stream } = await openEnvelopeWeb(context.backend, opening.envelope, request);
    return { header: requireCause(header), stream };
  });
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EnvelopeError || error instanceof PolicyError) throw new RefusedEvent(error.code, error);
    throw error;
  }
}

async function open(sealed: ReplySealed, context: OpeningContext): Promise<Incoming> {
  const { header, signer } = verifiedSigner(sealed, context);
  if (header.stage === Stage.STREAM) throw new RefusedEvent("WRONG_STAGE");
  const request = { keys: context.replyKeys, signer, nowMs: context.nowMs };
  const { payload } = await openEnvelopeWeb(context.backend, sealed.envelope, request);
  const answering = requireCause(header);
  if (header.stage === Stage.REPLY) {
    return { kind: "reply", header: answering, reply: decode(() => fromBinary(ReplySchema, payload)) };
  }
  return { kind: "map-delta", header: answering, delta: decode(() => fromBinary(MapDeltaSchema, payload)) };
}

/** Who must have signed it, by a certificate for that role, valid when it was made; the signature is still to be checked. */
function verifiedSigner({ envelope, signerCertificate }: ReplySealed | LiveOpening, context: OpeningContext) {
  const { header } = parseEnvelope(envelope);
  requireOwn(header, context);
  const expected = { role: signerRole(header), atMs: header.createdAtMs };
  const { signingPublicKey } = verifyInstanceCertificate(signerCertificate, context.chain, expected);
  return { header, signer: createVerifyingKey(context.backend, signingPublicKey) };
}

/** Replies and streams are inference's word, map entries are redaction's; nobody else has a word here. */
function signerRole({ stage, contentType }: Header): "enclave-inference" | "redaction" {
  if (stage === Stage.REPLY && contentType === ContentType.REPLY) return "enclave-inference";
  if (stage === Stage.STREAM && contentType === ContentType.STREAM_OPENING) return "enclave-inference";
  if (stage === Stage.MAP_DELTA && contentType === ContentType.MAP_DELTA) return "redaction";
  throw new RefusedEvent("WRONG_STAGE");
}

function requireOwn(header: Header, { tenantId, conversationId }: OpeningContext): void {
  if (!sameBytes(header.tenantId, tenantId) || !sameBytes(header.conversationId, conversationId)) {
    throw new RefusedEvent("WRONG_CONVERSATION");
  }
}

function requireCause(header: Header): AnsweringHeader {
  if (header.causeId === undefined) throw new RefusedEvent("CAUSE_MISSING");
  return { ...header, causeId: header.causeId };
}

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new RefusedEvent("MALFORMED", cause);
  }
}
