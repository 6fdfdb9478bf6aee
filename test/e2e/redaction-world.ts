import { fromBinary } from "@bufbuild/protobuf";
import {
  MapDeltaSchema,
  RedactedMessageSchema,
  type MapDelta,
  type RedactedMessage,
} from "@cloister/contracts/content";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import {
  createVerifyingKey,
  EnvelopeError,
  openEnvelope,
  parseEnvelope,
  type Header,
  type KemPrivateKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Keyring } from "@cloister/keyring";
import type { Failpoints, OutgoingRecord } from "@cloister/messaging";
import { readSealedMessage } from "@cloister/messaging/sealed-events";
import { verifyInstanceCertificate } from "@cloister/policy";
import type { Clock, RunningService } from "@cloister/service";
import { startRedaction } from "@cloister/service-redaction";
import { capturedLog, eventually } from "@cloister/testing";
import { sql } from "kysely";
import type { DeviceMessage, OpenedConversation } from "./device.ts";
import { KeysWorld } from "./keys-world.ts";

/** What redaction made of one message. */
export type Made =
  | { readonly kind: "redacted"; readonly header: Header; readonly content: RedactedMessage }
  | { readonly kind: "delta"; readonly header: Header; readonly record: OutgoingRecord }
  | { readonly kind: "failed"; readonly code: string };

export interface OpenedDelta extends MapDelta {
  readonly header: Header;
}

/** Redaction between a device that can send anything and the services that read on. */
export class RedactionWorld {
  readonly world: KeysWorld;
  /** Of redaction and of the message log beneath it. */
  readonly log: ReturnType<typeof capturedLog>;
  readonly #reader: Keyring;
  #service: RunningService | undefined;

  private constructor(world: KeysWorld, log: ReturnType<typeof capturedLog>) {
    this.world = world;
    this.log = log;
    this.#reader = world.keyring("enclave-inference");
  }

  static async start(): Promise<RedactionWorld> {
    const log = capturedLog("redaction");
    const one = new RedactionWorld(await KeysWorld.start(log.log), log);
    await one.startService();
    return one;
  }

  async startService(failpoints?: Failpoints, clock: Clock = this.world.clock): Promise<void> {
    const { db, messages } = this.world;
    const keyring = this.world.keyring("redaction");
    const ports = { db, messages, keyring, clock, log: this.log.log, ...(failpoints && { failpoints }) };
    this.#service = await startRedaction({}, ports);
  }

  async stopService(): Promise<void> {
    await this.#service?.close();
  }

  async close(): Promise<void> {
    await this.stopService();
    this.#reader.close();
    await this.world.close();
  }

  async send(...messages: readonly DeviceMessage[]): Promise<void> {
    await this.world.messages.produce(messages.map(({ record }) => record));
  }

  /** Everything that came of a message, in the order in which it was sent on; waits for its end. */
  async made(message: DeviceMessage): Promise<Made[]> {
    return eventually(async () => {
      const made = await this.madeSoFar(message);
      if (!made.some((one) => one.kind === "redacted" || isFinalFailure(one)))
        throw new Error("nothing came of it yet");
      return made;
    });
  }

  async madeSoFar({ messageId }: DeviceMessage): Promise<Made[]> {
    const made: Made[] = [];
    for (const record of this.world.produced) {
      if (record.topic === topics.inbound) continue;
      const one = record.topic === topics.redacted ? await this.#redacted(record) : ofReplies(record);
      if (one !== undefined && Buffer.compare(one.causeId, messageId) === 0) made.push(one.made);
    }
    return made;
  }

  async redactedText(message: DeviceMessage): Promise<string> {
    const found = (await this.made(message)).find((one) => one.kind === "redacted");
    return found?.content.text ?? "nothing was passed on";
  }

  async codes(message: DeviceMessage): Promise<string[]> {
    return (await this.made(message)).flatMap((one) => (one.kind === "failed" ? [one.code] : []));
  }

  /** The map delta of a message as one of its readers has it: certificate, signature and ciphertext checked. */
  async delta(conversation: OpenedConversation, message: DeviceMessage, reader: KemPrivateKey): Promise<OpenedDelta> {
    const found = (await this.made(message)).find((one) => one.kind === "delta");
    if (found === undefined) throw new Error("the message brought no map entries");
    const { event } = fromBinary(ReplyEventSchema, found.record.value);
    if (event.case !== "sealed") throw new Error("the map is not sealed");
    const chain = await this.world.chain(conversation.tenant);
    const expected = { role: "redaction" as const, atMs: found.header.createdAtMs };
    const certificate = verifyInstanceCertificate(event.value.signerCertificate, chain, expected);
    const { header, payload } = openEnvelope(nodeBackend, event.value.envelope, {
      keys: [reader],
      signer: createVerifyingKey(nodeBackend, certificate.signingPublicKey),
      nowMs: this.world.clock.nowMs(),
    });
    return { ...fromBinary(MapDeltaSchema, payload), header };
  }

  /** The code with which a key is refused an envelope. */
  async refusalOf(conversation: OpenedConversation, message: DeviceMessage, reader: KemPrivateKey): Promise<string> {
    try {
      await this.delta(conversation, message, reader);
      return "opened";
    } catch (error) {
      if (error instanceof EnvelopeError) return error.code;
      throw error;
    }
  }

  async deadLetters(message: DeviceMessage): Promise<string[]> {
    const { rows } = await sql<{ code: string }>`
      select code from redaction.dead_letter where message_id = ${message.messageId}`.execute(this.world.db.kysely);
    return rows.map(({ code }) => code);
  }

  /** Of records under a conversation's key, whatever is in them. */
  async deadLettersUnder({ id }: OpenedConversation): Promise<string[]> {
    const { rows } = await sql<{ code: string }>`
      select code from redaction.dead_letter where key = ${id}`.execute(this.world.db.kysely);
    return rows.map(({ code }) => code);
  }

  async parkedCodes({ id }: OpenedConversation): Promise<string[]> {
    const { rows } = await sql<{ code: string }>`
      select code from redaction.parked where conversation_id = ${id} order by seq`.execute(this.world.db.kysely);
    return rows.map(({ code }) => code);
  }

  async #redacted(record: OutgoingRecord): Promise<{ causeId: Uint8Array; made: Made } | undefined> {
    const { bytes, envelope } = readSealedMessage({ ...record, partition: 0, offset: 0 });
    const { tenantId, conversationId, expiresAtMs: bucketEndMs } = envelope.header;
    const request = { tenantId, conversationId, purpose: "flow" as const, bucketEndMs };
    const nowMs = this.world.clock.nowMs();
    if (bucketEndMs <= nowMs) return undefined;
    const lease = await this.#reader.lease([request]);
    let key;
    try {
      key = lease.openingKey(request);
    } catch {
      return undefined;
    }
    const { header, payload } = openEnvelope(nodeBackend, bytes, { keys: [key], signer: "none", nowMs });
    const content = fromBinary(RedactedMessageSchema, payload);
    return { causeId: header.causeId ?? new Uint8Array(), made: { kind: "redacted", header, content } };
  }
}

/** A gap is told of beside the message that showed it. */
const isFinalFailure = (made: Made): boolean => made.kind === "failed" && made.code !== "SEQUENCE_GAP";

function ofReplies(record: OutgoingRecord): { causeId: Uint8Array; made: Made } | undefined {
  const { event } = fromBinary(ReplyEventSchema, record.value);
  // A message that waits has not failed: what comes of it comes later.
  if (event.case === "failed" && event.value.waiting) return undefined;
  if (event.case === "failed")
    return { causeId: event.value.causeId, made: { kind: "failed", code: event.value.code } };
  if (event.case !== "sealed") return undefined;
  const { header } = parseEnvelope(event.value.envelope);
  return { causeId: header.causeId ?? new Uint8Array(), made: { kind: "delta", header, record } };
}
