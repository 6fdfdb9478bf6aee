import { create, toBinary } from "@bufbuild/protobuf";
import { MapDeltaSchema, ReplySchema } from "@cloister/contracts/content";
import { LiveEventSchema, ReplyEventSchema } from "@cloister/contracts/events";
import {
  ContentType,
  createKemPublicKey,
  createSigningKey,
  derivedId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type Header,
  type KemPublicKey,
  type SigningKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEndMs, type ConversationStatement } from "@cloister/policy";

import type { SimulatedTenant } from "./simulated-tenant.ts";

/** What an instance answers: a reply's text, or what placeholders stand for. */
export type SimulatedAnswer =
  | { readonly kind: "reply"; readonly text: string }
  | { readonly kind: "map-delta"; readonly values: Readonly<Record<string, string>> };

export interface AnswerOptions {
  /** Public keys of recipients beside the client, 1,216 bytes each. */
  readonly alsoFor?: readonly Uint8Array[];
  /** Fields of the header to change, for a test of what a reader refuses. */
  readonly header?: Partial<Header>;
  /** The certificate to show; its own unless given. */
  readonly certificate?: Uint8Array;
}

export interface SimulatedStream {
  readonly opening: Uint8Array;
  readonly cell: (text: string, isFinal?: boolean) => Uint8Array;
}

/** An attested instance of redaction or inference whose replies are sealed and signed for real. */
export class SimulatedInstance {
  readonly #tenant: SimulatedTenant;
  readonly #role: "redaction" | "enclave-inference";
  readonly #signer: SigningKey = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
  readonly certificate: Uint8Array;

  constructor(tenant: SimulatedTenant, role: "redaction" | "enclave-inference", nowMs: number) {
    this.#tenant = tenant;
    this.#role = role;
    this.certificate = tenant.certify(role, this.#signer.publicKeyBytes, nowMs);
  }

  /** Opens a stream of live cells to the client; serialized LiveEvents. */
  stream(
    cause: Pick<Header, "messageId" | "tenantId" | "conversationId">,
    statement: ConversationStatement,
    nowMs: number,
    options: AnswerOptions = {},
  ): SimulatedStream {
    const header: Header = {
      suite: Suite.AES_256_GCM,
      messageId: uuidv7(nowMs, nodeBackend.randomBytes(10)),
      tenantId: cause.tenantId,
      conversationId: cause.conversationId,
      stage: Stage.STREAM,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 60_000,
      contentType: ContentType.STREAM_OPENING,
      policyVersion: this.#tenant.policy.version,
      causeId: cause.messageId,
      ...options.header,
    };
    const { bytes: envelope, stream } = sealEnvelope(nodeBackend, {
      header,
      payload: new Uint8Array(),
      recipients: recipientsOf(statement, options),
      signer: this.#signer,
      stream: true,
    });
    const opening = { envelope, signerCertificate: options.certificate ?? this.certificate };
    return {
      opening: toBinary(LiveEventSchema, create(LiveEventSchema, { event: { case: "opening", value: opening } })),
      cell: (text, isFinal) => {
        const value = stream.seal(new TextEncoder().encode(text), isFinal);
        return toBinary(LiveEventSchema, create(LiveEventSchema, { event: { case: "frame", value } }));
      },
    };
  }

  /** A serialized ReplyEvent, sealed to the client's reply key in the statement. */
  answer(
    cause: Pick<Header, "messageId" | "tenantId" | "conversationId">,
    statement: ConversationStatement,
    answer: SimulatedAnswer,
    nowMs: number,
    options: AnswerOptions = {},
  ): Uint8Array {
    const isReply = answer.kind === "reply";
    const stage = isReply ? Stage.REPLY : Stage.MAP_DELTA;
    const expiresAtMs = bucketEndMs(this.#tenant.policy.periods.mailbox.periodMs, nowMs);
    const header: Header = {
      suite: Suite.AES_256_GCM,
      messageId: derivedId(cause.messageId, stage, 0),
      tenantId: cause.tenantId,
      conversationId: cause.conversationId,
      stage,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs,
      contentType: isReply ? ContentType.REPLY : ContentType.MAP_DELTA,
      policyVersion: this.#tenant.policy.version,
      causeId: cause.messageId,
      ...options.header,
    };
    const recipients = recipientsOf(statement, options);
    const payload = contentOf(answer, this.#role, expiresAtMs);
    const { bytes: envelope } = sealEnvelope(nodeBackend, { header, payload, recipients, signer: this.#signer });
    const signerCertificate = options.certificate ?? this.certificate;
    const event = { case: "sealed" as const, value: { envelope, signerCertificate } };
    return toBinary(ReplyEventSchema, create(ReplyEventSchema, { event }));
  }
}

function contentOf(answer: SimulatedAnswer, model: string, expiresAtMs: number): Uint8Array {
  if (answer.kind === "reply") return toBinary(ReplySchema, create(ReplySchema, { text: answer.text, model }));
  const entries = Object.entries(answer.values).map(([placeholder, value]) => ({
    placeholder,
    entityType: "PERSON",
    value,
    expiresAtMs: BigInt(expiresAtMs),
  }));
  return toBinary(MapDeltaSchema, create(MapDeltaSchema, { entries }));
}

function recipientsOf({ clientKemPublicKey }: ConversationStatement, { alsoFor = [] }: AnswerOptions): KemPublicKey[] {
  return [clientKemPublicKey, ...alsoFor].map((publicKey) => createKemPublicKey(nodeBackend, publicKey));
}
