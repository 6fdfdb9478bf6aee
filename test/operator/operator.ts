import { createClient } from "@connectrpc/connect";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ReplySchema } from "@cloister/contracts/content";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createKemPublicKey,
  deriveConversationId,
  derivedId,
  parseConversationId,
  readHeader,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { keysTransport } from "@cloister/keyring";
import { PostgresMessageLog, type LogRecord, type OutgoingRecord } from "@cloister/messaging";
import { sealedReplyRecord } from "@cloister/messaging/sealed-events";
import { bucketEndMs, DAY_MS, verifyAuthorityChain, verifyConversationStatement } from "@cloister/policy";
import { wakeUpsFor } from "@cloister/storage";
import { readTopic, silentLog } from "@cloister/testing";
import { newSigningKey, type Device, type OpenedConversation } from "../e2e/device.ts";
import type { EmbeddedWorld } from "../e2e/embedded-world.ts";

/** Who owns every topic, table, network and credential outside the enclaves. */
export class Operator {
  readonly #world: EmbeddedWorld;

  constructor(world: EmbeddedWorld) {
    this.#world = world;
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
      const header = readHeader(fromBinary(MessageSealedSchema, value).envelope);
      return (
        Buffer.compare(
          topic === topics.inbound ? header.messageId : (header.causeId ?? new Uint8Array()),
          messageId,
        ) === 0
      );
    });
    if (found === undefined) throw new Error("no such message lies on the topic");
    return found;
  }

  /** A person's conversation of which the operator has seen everything that passed by. */
  async openedBy(device: Device): Promise<OpenedConversation> {
    const { tenant, clock, cloister } = this.#world;
    const transport = keysTransport({ url: cloister.keys.connectUrl, credential: cloister.credentials.authority });
    const authority = createClient(AuthorityService, transport);
    const request = device.openRequest(tenant, tenant.admission(device.publicKeys, clock.nowMs()));
    const { statement, chain } = await authority.openConversation(request);
    if (chain === undefined) throw new Error("the answer carries no chain");
    const keys = { kem: device.kem.publicKeyBytes, signing: device.signer.publicKeyBytes };
    const conversationId = deriveConversationId(tenant.tenantId, keys, device.salt);
    const { verifiers } = cloister.instances.machines.keys;
    const expected = { tenantId: tenant.tenantId, chain, nowMs: clock.nowMs(), verifiers, allowDevelopment: true };
    const verified = verifyConversationStatement(statement, verifyAuthorityChain(expected), {
      nowMs: clock.nowMs(),
      conversationId,
    });
    return { tenant, device, id: conversationId, statement: verified };
  }

  /** A reply in the operator's own words, sealed to the reader's key, with a certificate from somewhere. */
  forgedReply(
    target: { readonly conversationId: Uint8Array; readonly clientKemPublicKey: Uint8Array },
    text: string,
    signerCertificate: Uint8Array,
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
      signer: newSigningKey(),
    });
    return sealedReplyRecord({ conversationId, envelope, signerCertificate, bucketEndMs: bucketEndMs(DAY_MS, nowMs) });
  }
}
