import { fromBinary } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type ClientPublicKeys, type Conversation } from "@cloister/client";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { KEYS_ERROR_HEADER, type KeysErrorCode } from "@cloister/contracts/keys/errors";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { idToHex, readHeader } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { PostgresMessageLog, type Failpoints } from "@cloister/messaging";
import { bucketEndMs as bucketEnd } from "@cloister/policy";
import { InProcessLiveFrames, wakeUpsFor, type Database, type WakeUps } from "@cloister/storage";
import { FakeClock, readTopic, silentLog, testDatabase } from "@cloister/testing";
import { apiDocument, conformingFetch } from "@cloister/testing/api";
import {
  SimulatedAuthority,
  SimulatedInstance,
  SimulatedTenant,
  type AnswerOptions,
  type SimulatedAnswer,
} from "@cloister/testing/tenant";
import { ConnectError, createRouterTransport, type Code, type Transport } from "@connectrpc/connect";

import { openApiDocument, startIngest, type IngestConfig, type RunningIngest } from "../src/index.ts";

/** Every answer that a test sees is held to the document. */
const conforming = conformingFetch(apiDocument.parse(openApiDocument()));

export const startMs = Date.UTC(2026, 10, 22, 12, 34, 56);

export interface PlainRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** The Authority door of `keys`, in this process. */
class KeysDoor {
  /** When set, every call is refused with it. */
  refusal: { readonly status: Code; readonly code?: KeysErrorCode } | undefined;
  policyCalls = 0;
  readonly transport: Transport;

  constructor(tenant: SimulatedTenant, authority: SimulatedAuthority) {
    this.transport = createRouterTransport(({ service }) => {
      service(AuthorityService, {
        applyPolicy: () => {
          this.#answerOrRefuse();
          return { tenantId: tenant.tenantId, policyVersion: BigInt(tenant.policy.version) };
        },
        getPolicy: () => {
          this.policyCalls += 1;
          this.#answerOrRefuse();
          return authority.getPolicy();
        },
        listInstances: () => {
          this.#answerOrRefuse();
          return authority.listInstances();
        },
        openConversation: (request) => {
          this.#answerOrRefuse();
          return authority.openConversation(request);
        },
        renewConversation: (request) => {
          this.#answerOrRefuse();
          return authority.renewConversation(request);
        },
      });
    });
  }

  #answerOrRefuse(): void {
    if (this.refusal === undefined) return;
    const { status, code } = this.refusal;
    throw new ConnectError("not for clients", status, code === undefined ? {} : { [KEYS_ERROR_HEADER]: code });
  }
}

/** Of the configuration; the tenant has topics of its own on the log, or no tenant has. */
export type IngestChanges = Omit<Partial<IngestConfig>, "tenantTopics"> & { readonly tenantTopics?: "the tenant's" };

/** Ingest on a real database and a real log, before an Authority that checks and signs for real; a test is the rest. */
export class IngestUnderTest {
  readonly clock = new FakeClock(startMs);
  readonly tenant = new SimulatedTenant(startMs);
  readonly authority = new SimulatedAuthority(this.tenant, () => this.clock.nowMs());
  readonly keys = new KeysDoor(this.tenant, this.authority);
  readonly #inference = new SimulatedInstance(this.tenant, "enclave-inference", startMs);
  readonly #redaction = new SimulatedInstance(this.tenant, "redaction", startMs);
  readonly liveFrames = new InProcessLiveFrames();
  readonly #wakeUps: WakeUps;
  #messages: PostgresMessageLog | undefined;
  #service: RunningIngest | undefined;

  private constructor(
    readonly db: Database,
    readonly changes: IngestChanges,
  ) {
    this.#wakeUps = wakeUpsFor(db);
  }

  /**
   * @param changes to the configuration
   * @param db what it stands on; closed with it
   */
  static async start(changes: IngestChanges = {}, db?: Database): Promise<IngestUnderTest> {
    const ingest = new IngestUnderTest(db ?? (await testDatabase()), changes);
    await ingest.startService();
    return ingest;
  }

  /** Starts ingest on what is in the database: anew, or after `stopService`. */
  async startService(failpoints?: Failpoints): Promise<void> {
    const { messages, service } = await this.#start(this.db, this.#wakeUps, failpoints);
    this.#messages = messages;
    this.#service = service;
  }

  /** Another instance on the same records. With a handle of its own it hears of them through the database alone. */
  async startAnother(own?: Database): Promise<RunningIngest> {
    const ownWakeUps = own && wakeUpsFor(own);
    const { messages, service } = await this.#start(own ?? this.db, ownWakeUps ?? this.#wakeUps);
    const close = async (): Promise<void> => {
      await service.close();
      await messages.close();
      await ownWakeUps?.close();
    };
    return { ...service, close };
  }

  async #start(db: Database, wakeUps: WakeUps, failpoints?: Failpoints) {
    const { clock, liveFrames } = this;
    const messages = await PostgresMessageLog.open({ db, clock, log: silentLog, wakeUps });
    await messages.ensureTopics(
      [topics.inbound, topics.replies, topics.pressure].map((name) => ({ name, partitions: 4 })),
    );
    const tenantTopics = this.changes.tenantTopics === "the tenant's" ? [idToHex(this.tenant.tenantId)] : [];
    const changed = { ...this.changes, tenantTopics };
    const config = { http: { host: "127.0.0.1", port: 0 }, keepAliveMs: 200, reconnectMs: 20, ...changed };
    const ports = { db, messages, wakeUps, liveFrames, keysTransport: this.keys.transport, clock, log: silentLog };
    return { messages, service: await startIngest(config, { ...ports, ...(failpoints && { failpoints }) }) };
  }

  async stopService(): Promise<void> {
    await this.#service?.close();
    await this.#messages?.close();
  }

  async stop(): Promise<void> {
    await this.stopService();
    await this.#wakeUps.close();
    await this.db.close();
  }

  get service(): RunningIngest {
    if (this.#service === undefined) throw new Error("ingest was not started");
    return this.#service;
  }

  get baseUrl(): string {
    return this.service.address ?? "";
  }

  client(): Client {
    return createClient({
      baseUrl: this.baseUrl,
      accessToken: this.service.accessToken.reveal(),
      tenantId: this.tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      clock: this.clock,
      retry: { attempts: 3, firstPauseMs: 5, longestPauseMs: 20 },
    });
  }

  readonly admission = (keys: ClientPublicKeys): Uint8Array => this.tenant.admit(keys, this.clock.nowMs());

  open(): Promise<Conversation> {
    return this.client().openConversation({ admission: this.admission });
  }

  /** A request as a program without the SDK would make it. */
  request(path: string, init: PlainRequest = {}): Promise<Response> {
    const authorization = `Bearer ${this.service.accessToken.reveal()}`;
    const tenant = Buffer.from(this.tenant.tenantId).toString("hex");
    const headers = { authorization, "cloister-tenant": tenant, ...init.headers };
    return conforming(new URL(path, this.baseUrl), { ...init, headers });
  }

  post(envelope: Uint8Array): Promise<Response> {
    const body = new Uint8Array(envelope);
    return this.request("/v1/messages", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body,
    });
  }

  /** The envelopes that lie on chat.inbound.v1. */
  async inbound(): Promise<Uint8Array[]> {
    const records = await readTopic(this.db, topics.inbound);
    return records.map(({ value }) => fromBinary(MessageSealedSchema, value).envelope);
  }

  /** What redaction or inference answers to that message: a serialized ReplyEvent. */
  replyEvent(envelope: Uint8Array, answer: SimulatedAnswer, options: AnswerOptions = {}): Uint8Array {
    const header = readHeader(envelope);
    const statement = this.authority.statementOf(header.conversationId);
    const instance = answer.kind === "reply" ? this.#inference : this.#redaction;
    return instance.answer(header, statement, answer, this.clock.nowMs(), options);
  }

  /** Puts a record on a topic, as whoever may write there. */
  async produce(topic: string, key: Uint8Array, value: Uint8Array): Promise<void> {
    const bucketEndMs = bucketEnd(this.tenant.policy.periods.flow.periodMs, this.clock.nowMs());
    await this.#messages?.produce([{ topic, key, value, bucketEndMs }]);
  }

  /** Puts a record on chat.replies.v1. */
  async produceReply(conversationId: Uint8Array, value: Uint8Array): Promise<void> {
    await this.produce(topics.replies, conversationId, value);
  }

  async answer(envelope: Uint8Array, answer: SimulatedAnswer, options: AnswerOptions = {}): Promise<void> {
    await this.produceReply(readHeader(envelope).conversationId, this.replyEvent(envelope, answer, options));
  }
}
