import { fromBinary } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type ClientPublicKeys, type Conversation } from "@cloister/client";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { KEYS_ERROR_HEADER, type KeysErrorCode } from "@cloister/contracts/keys/errors";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { readHeader } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { PostgresMessageLog } from "@cloister/messaging";
import { wakeUpsFor, type Database } from "@cloister/storage";
import { capturedLog, FakeClock, readTopic, silentLog, testDatabase } from "@cloister/testing";
import {
  SimulatedAuthority,
  SimulatedInstance,
  SimulatedTenant,
  type AnswerOptions,
  type SimulatedAnswer,
} from "@cloister/testing/tenant";
import { ConnectError, createRouterTransport, type Code, type Transport } from "@connectrpc/connect";

import { startIngest, type RunningIngest } from "../src/index.ts";

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

/** Ingest on a real database and a real log, before an Authority that checks and signs for real; a test is the rest. */
export class IngestUnderTest {
  readonly logged = capturedLog("ingest");

  private constructor(
    readonly service: RunningIngest,
    readonly db: Database,
    readonly messages: PostgresMessageLog,
    readonly clock: FakeClock,
    readonly tenant: SimulatedTenant,
    readonly authority: SimulatedAuthority,
    readonly keys: KeysDoor,
    readonly inference: SimulatedInstance,
    readonly redaction: SimulatedInstance,
  ) {}

  static async start(): Promise<IngestUnderTest> {
    const db = await testDatabase();
    const clock = new FakeClock(startMs);
    const wakeUps = wakeUpsFor(db);
    const messages = await PostgresMessageLog.open({ db, clock, log: silentLog, wakeUps });
    await messages.ensureTopics([topics.inbound, topics.replies].map((name) => ({ name, partitions: 4 })));
    const tenant = new SimulatedTenant(startMs);
    const authority = new SimulatedAuthority(tenant, () => clock.nowMs());
    const keys = new KeysDoor(tenant, authority);
    const config = { http: { host: "127.0.0.1", port: 0 }, keepAliveMs: 200, reconnectMs: 20 };
    const ports = { db, messages, wakeUps, keysTransport: keys.transport, clock, log: silentLog };
    const service = await startIngest(config, ports);
    const inference = new SimulatedInstance(tenant, "enclave-inference", startMs);
    const redaction = new SimulatedInstance(tenant, "redaction", startMs);
    return new IngestUnderTest(service, db, messages, clock, tenant, authority, keys, inference, redaction);
  }

  async stop(): Promise<void> {
    await this.service.close();
    await this.messages.close();
    await this.db.close();
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
    return fetch(new URL(path, this.baseUrl), { ...init, headers });
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

  /** What redaction or inference would put on chat.replies.v1 for that message. */
  async answer(envelope: Uint8Array, answer: SimulatedAnswer, options: AnswerOptions = {}): Promise<void> {
    const header = readHeader(envelope);
    const statement = this.authority.statementOf(header.conversationId);
    const instance = answer.kind === "reply" ? this.inference : this.redaction;
    const value = instance.answer(header, statement, answer, this.clock.nowMs(), options);
    const { conversationId: key, expiresAtMs: bucketEndMs } = header;
    await this.messages.produce([{ topic: topics.replies, key, value, bucketEndMs }]);
  }
}
