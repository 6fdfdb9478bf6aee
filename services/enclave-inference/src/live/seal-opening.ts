import { create, toBinary } from "@bufbuild/protobuf";
import { LiveEventSchema } from "@cloister/contracts/events";
import { ContentType, sealEnvelope, Stage, uuidv7, type SigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Admitted } from "../admit.ts";
import { readersOf } from "../seal-reply.ts";
import type { CellSealer } from "./live-stream.ts";

/** Longer than a model may take; a recorded stream that is played again later is refused as expired. */
const lifeMs = 15 * 60 * 1000;

export interface Opening {
  /** A serialized LiveEvent. */
  readonly event: Uint8Array;
  readonly sealer: CellSealer;
}

/**
 * The signed envelope that opens a stream of cells: empty, its content key sealed to those who may read the reply. A
 * stream is never made again, so its id is a new one (UUIDv7) and not derived.
 */
export function sealOpening(
  { message, conversation }: Admitted,
  attempt: number,
  by: { readonly signer: SigningKey; readonly certificate: Uint8Array },
  nowMs: number,
): Opening {
  const { suite, tenantId, conversationId } = message.header;
  const { bytes: envelope, stream } = sealEnvelope(nodeBackend, {
    header: {
      suite,
      messageId: uuidv7(nowMs, nodeBackend.randomBytes(10)),
      tenantId,
      conversationId,
      stage: Stage.STREAM,
      attempt,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + lifeMs,
      contentType: ContentType.STREAM_OPENING,
      policyVersion: conversation.policy.version,
      causeId: message.causeId,
      ...(conversation.subjectRef && { subjectRef: conversation.subjectRef }),
    },
    payload: new Uint8Array(),
    recipients: readersOf(conversation),
    signer: by.signer,
    stream: true,
  });
  const opening = { envelope, signerCertificate: by.certificate };
  const event = toBinary(LiveEventSchema, create(LiveEventSchema, { event: { case: "opening", value: opening } }));
  return { event, sealer: stream };
}
