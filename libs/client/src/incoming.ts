import { fromBinary } from "@bufbuild/protobuf";
import { MapDeltaSchema, ReplySchema, type MapDelta, type Reply } from "@cloister/contracts/content";
import { ReplyEventSchema, type ReplyEvent, type ReplySealed } from "@cloister/contracts/events";
import {
  ContentType,
  createVerifyingKey,
  EnvelopeError,
  type EnvelopeErrorCode,
  parseEnvelope,
  Stage,
  type Header,
  type MessageId,
} from "@cloister/envelope";
import { openEnvelopeWeb, type AsyncBackend, type AsyncKemPrivateKey } from "@cloister/envelope/web";
import { PolicyError, type PolicyErrorCode, verifyInstanceCertificate, type VerifiedChain } from "@cloister/policy";

import { sameBytes } from "./encoding.ts";

/** A mailbox event that was verified and opened. */
export type Incoming =
  | { readonly kind: "reply"; readonly header: AnsweringHeader; readonly reply: Reply }
  | { readonly kind: "map-delta"; readonly header: AnsweringHeader; readonly delta: MapDelta };

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
  try {
    return await open(sealed, context);
  } catch (error) {
    if (error instanceof EnvelopeError || error instanceof PolicyError) throw new RefusedEvent(error.code, error);
    throw error;
  }
}

async function open({ envelope, signerCertificate }: ReplySealed, context: OpeningContext): Promise<Incoming> {
  const { backend, chain, nowMs } = context;
  const { header } = parseEnvelope(envelope);
  requireOwn(header, context);
  const expected = { role: signerRole(header), atMs: header.createdAtMs };
  const { signingPublicKey } = verifyInstanceCertificate(signerCertificate, chain, expected);
  const signer = createVerifyingKey(backend, signingPublicKey);
  const { payload } = await openEnvelopeWeb(backend, envelope, { keys: context.replyKeys, signer, nowMs });
  const answering = requireCause(header);
  if (header.stage === Stage.REPLY) {
    return { kind: "reply", header: answering, reply: decode(() => fromBinary(ReplySchema, payload)) };
  }
  return { kind: "map-delta", header: answering, delta: decode(() => fromBinary(MapDeltaSchema, payload)) };
}

/** Replies are inference's word, map entries are redaction's; nobody else has a word here. */
function signerRole({ stage, contentType }: Header): "enclave-inference" | "redaction" {
  if (stage === Stage.REPLY && contentType === ContentType.REPLY) return "enclave-inference";
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
