import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { createClient, type Client } from "@connectrpc/connect";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ReplySchema } from "@cloister/contracts/content";
import { MessageSealedSchema, ReplyEventSchema } from "@cloister/contracts/events";
import { EnvelopeSchema, HeaderSchema, type Envelope, type Header } from "@cloister/contracts/envelope";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createKemPublicKey,
  deriveConversationId,
  derivedId,
  parseConversationId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type SigningKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { keysTransport } from "@cloister/keyring";
import { PostgresMessageLog, type LogRecord, type OutgoingRecord } from "@cloister/messaging";
import { sealedReplyRecord } from "@cloister/messaging/sealed-events";
import { bucketEndMs, DAY_MS, verifyAuthorityChain, verifyConversationStatement } from "@cloister/policy";
import { wakeUpsFor } from "@cloister/storage";
import { eventually, readTopic, silentLog } from "@cloister/testing";
import { searchForValues, type Finding, type SearchedPlace } from "@cloister/canary";
import { sql } from "kysely";
import { newSigningKey, type Device, type OpenedConversation } from "../e2e/device.ts";
import type { EmbeddedWorld } from "../e2e/embedded-world.ts";

/** All that anybody types in these tests, people and the operator in their name alike: none of it may be found again. */
export const typed = [
  "I am Marisol Quintanilla. Are you there?",
  "Marisol",
  "Quintanilla",
  "Transfer everything to the account of my brother.",
  "Please call this number.",
] as const;

/** Who owns every topic, table, network and credential outside the enclaves. */
export class Operator {
  readonly #world: EmbeddedWorld;
  #linesBefore = 0;

  constructor(world: EmbeddedWorld) {
    this.#world = world;
  }

  /** Forgets what was audited until now. */
  begin(): void {
    this.#linesBefore = this.#world.log.lines.length;
  }

  /** Where and by which code something was refused since `begin`: `redaction SIGNATURE_INVALID`. */
  audited(): string[] {
    return auditEvents(this.#world.log.lines.slice(this.#linesBefore));
  }

  /** Resolves once that was audited. */
  async isAudited(event: string): Promise<void> {
    await eventually(async () => {
      expect(this.audited()).toContain(event);
    });
  }

  /** Which of the values, in whatever encoding, lie in a table, on a topic, in a log line or in a file. */
  async finds(values: readonly string[] = typed): Promise<readonly Finding[]> {
    const { log, folder } = this.#world;
    const places: SearchedPlace[] = [
      { place: "tables and topics", chunks: await this.#world.allRows() },
      { place: "log", chunks: log.lines.map((line) => Buffer.from(line)) },
      { place: "files", chunks: await filesIn(folder.path) },
    ];
    const { findings, bytes } = await searchForValues(values, places);
    if (bytes < 2_000) throw new Error("the operator sees next to nothing: the search proves nothing");
    return findings;
  }

  /** Puts records onto any topic. */
  async produce(...records: readonly OutgoingRecord[]): Promise<void> {
    const { mainDatabase: db } = this.#world.cloister;
    const messages = await PostgresMessageLog.open({
      db,
      clock: this.#world.clock,
      log: silentLog,
      wakeUps: wakeUpsFor(db),
    });
    await messages.produce(records);
    await messages.close();
  }

  /** The record of a message, or of what was made of it, as it lies on a topic. */
  async recordOf(topic: typeof topics.inbound | typeof topics.redacted, messageId: Uint8Array): Promise<LogRecord> {
    const records = await readTopic(this.#world.cloister.mainDatabase, topic);
    const found = records.find(({ value }) => {
      const envelope = fromBinary(EnvelopeSchema, fromBinary(MessageSealedSchema, value).envelope);
      const header = fromBinary(HeaderSchema, envelope.protected);
      return Buffer.compare(topic === topics.inbound ? header.messageId : header.causeId, messageId) === 0;
    });
    if (found === undefined) throw new Error("no such message lies on the topic");
    return found;
  }

  /** What else an envelope on its way says, without any key: changed and put back into the form that is sent. */
  rewritten(record: OutgoingRecord, change: (envelope: Envelope, header: Header) => void): OutgoingRecord {
    const event = fromBinary(MessageSealedSchema, record.value);
    const envelope = fromBinary(EnvelopeSchema, event.envelope);
    const header = fromBinary(HeaderSchema, envelope.protected);
    change(envelope, header);
    envelope.protected = toBinary(HeaderSchema, header);
    const value = toBinary(MessageSealedSchema, { ...event, envelope: toBinary(EnvelopeSchema, envelope) });
    return { ...record, key: header.conversationId, value };
  }

  /** The door that ingest calls, with ingest's credential. */
  get authority(): Client<typeof AuthorityService> {
    const { keys, credentials } = this.#world.cloister;
    return createClient(AuthorityService, keysTransport({ url: keys.connectUrl, credential: credentials.authority }));
  }

  /** A person's conversation of which the operator has seen everything that passed by. */
  async openedBy(device: Device): Promise<OpenedConversation> {
    const { tenant, clock, cloister } = this.#world;
    const request = device.openRequest(tenant, tenant.admission(device.publicKeys, clock.nowMs()));
    const { statement, chain } = await this.authority.openConversation(request);
    if (chain === undefined) throw new Error("the answer carries no chain");
    const keys = { kem: device.kem.publicKeyBytes, signing: device.signer.publicKeyBytes };
    const conversationId = deriveConversationId(tenant.tenantId, keys, device.salt);
    const { verifiers } = cloister.instances.machines.keys;
    const expected = { tenantId: tenant.tenantId, chain, nowMs: clock.nowMs(), verifiers, allowDevelopment: true };
    const verified = verifyConversationStatement(statement, await verifyAuthorityChain(expected), {
      nowMs: clock.nowMs(),
      conversationId,
    });
    return { tenant, device, id: conversationId, statement: verified };
  }

  stageOf(envelope: Uint8Array): Stage {
    return fromBinary(HeaderSchema, fromBinary(EnvelopeSchema, envelope).protected).stage;
  }

  /** What was sealed to the readers of a conversation, as it lies on the topic. */
  async repliesOf({ id }: Pick<Conversation, "id">): Promise<LogRecord[]> {
    const records = await readTopic(this.#world.cloister.mainDatabase, topics.replies);
    return records.filter(({ key }) => Buffer.compare(key, id) === 0);
  }

  /** Puts another certificate beside the reply that lies in a conversation's mailbox. */
  async certifyReplyAnew({ id }: Pick<Conversation, "id">, signerCertificate: Uint8Array): Promise<void> {
    const { kysely } = this.#world.cloister.mainDatabase;
    const { rows } = await sql<{ log_offset: number; event: Uint8Array }>`
      select log_offset, event from ingest.mailbox where conversation_id = ${id}`.execute(kysely);
    for (const { log_offset, event: bytes } of rows) {
      const reply = fromBinary(ReplyEventSchema, bytes);
      if (reply.event.case !== "sealed" || this.stageOf(reply.event.value.envelope) !== Stage.REPLY) continue;
      reply.event.value.signerCertificate = signerCertificate;
      const event = toBinary(ReplyEventSchema, reply);
      await sql`update ingest.mailbox set event = ${event}
        where conversation_id = ${id} and log_offset = ${log_offset}`.execute(kysely);
    }
  }

  /** A reply in the operator's own words, sealed to the reader's key, with a certificate from somewhere. */
  forgedReply(
    target: { readonly conversationId: Uint8Array; readonly clientKemPublicKey: Uint8Array },
    text: string,
    { certificate: signerCertificate, signer = newSigningKey() }: { certificate: Uint8Array; signer?: SigningKey },
  ): OutgoingRecord {
    const nowMs = this.#world.clock.nowMs();
    const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
    const conversationId = parseConversationId(target.conversationId);
    const { bytes: envelope } = sealEnvelope(nodeBackend, {
      header: {
        suite: Suite.AES_256_GCM,
        messageId: derivedId(causeId, Stage.REPLY, 0),
        tenantId: this.#world.tenant.tenantId,
        conversationId,
        stage: Stage.REPLY,
        attempt: 0,
        senderSeq: 0,
        createdAtMs: nowMs,
        expiresAtMs: bucketEndMs(7 * DAY_MS, nowMs),
        contentType: ContentType.REPLY,
        policyVersion: 1,
        causeId,
      },
      payload: toBinary(ReplySchema, create(ReplySchema, { text })),
      recipients: [createKemPublicKey(nodeBackend, target.clientKemPublicKey)],
      signer,
    });
    return sealedReplyRecord({ conversationId, envelope, signerCertificate, bucketEndMs: bucketEndMs(DAY_MS, nowMs) });
  }
}

/** Of lines of JSON, as any service's log has them: where and by which code something was refused. */
export function auditEvents(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const { msg, at, code } = JSON.parse(line) as {
      readonly msg: string;
      readonly at?: string;
      readonly code?: string;
    };
    return msg === "audit" ? [`${String(at)} ${String(code)}`] : [];
  });
}

async function filesIn(folder: string): Promise<Uint8Array[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
}
