import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  GetPolicyResponseSchema,
  OpenConversationRequestSchema,
  OpenConversationResponseSchema,
  RenewConversationRequestSchema,
  RenewConversationResponseSchema,
  type AuthorityChain,
} from "@cloister/contracts/keys/authority";
import type { EvidenceVerifier } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { openEnvelope, createVerifyingKey, readHeader, type Header } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { AsyncBackend } from "@cloister/envelope/web";
import {
  SimulatedAuthority,
  SimulatedInstance,
  SimulatedTenant,
  type SimulatedAnswer,
  type SimulatedStream,
} from "@cloister/testing/tenant";

import { createClient, type Client, type ClientPublicKeys, type Conversation } from "../src/index.ts";

const startMs = Date.UTC(2026, 10, 22, 12, 34, 56);

/** What the service does to an answer before the client gets it: nothing, or an operator's mischief. */
export type Tampering = (chain: AuthorityChain, statement: Uint8Array) => Uint8Array;

/**
 * Ingest's contract over a `fetch` that never leaves the process: the Authority and the instances behind it sign and
 * seal for real, so the client verifies as it would outside.
 */
export class SimulatedService {
  nowMs: number;
  readonly tenant: SimulatedTenant;
  readonly authority: SimulatedAuthority;
  readonly redaction: SimulatedInstance;
  readonly inference: SimulatedInstance;
  /** Envelopes as they were posted, repetitions included. */
  readonly posted: Uint8Array[] = [];
  readonly mailbox: Uint8Array[] = [];
  /** LiveEvents for whoever reads next, after what is in the mailbox. */
  live: Uint8Array[] = [];
  /** What the pipeline does as soon as somebody has read. */
  onRead: () => void = () => undefined;
  /** Answers of POST /v1/messages to give before accepting: HTTP status and code. */
  readonly refusals: { readonly status: number; readonly code: string }[] = [];
  tamper: Tampering = (_chain, statement) => statement;
  /** What the pipeline does as soon as a message was accepted. */
  onAccepted: () => void = () => undefined;
  readonly fetch: typeof fetch = (input, init) => this.#answer(new Request(input, init));

  readonly #verifiers: readonly EvidenceVerifier[];

  /** @param verifiers what the client believes of the tenant's `keys`. */
  constructor(
    tenant = new SimulatedTenant(startMs),
    nowMs = startMs,
    verifiers: readonly EvidenceVerifier[] = [simulatedVerifier],
  ) {
    this.nowMs = nowMs;
    this.tenant = tenant;
    this.authority = new SimulatedAuthority(tenant, () => this.nowMs);
    this.redaction = new SimulatedInstance(tenant, "redaction", nowMs);
    this.inference = new SimulatedInstance(tenant, "enclave-inference", nowMs);
    this.#verifiers = verifiers;
  }

  client(backend: AsyncBackend = nodeBackend): Client {
    return createClient({
      baseUrl: "http://ingest.test",
      accessToken: "token",
      tenantId: this.tenant.tenantId,
      evidenceVerifiers: this.#verifiers,
      allowDevelopment: true,
      backend,
      clock: { nowMs: () => this.nowMs },
      retry: { attempts: 3, firstPauseMs: 1, longestPauseMs: 1 },
      fetch: this.fetch,
    });
  }

  open(client = this.client()): Promise<Conversation> {
    return client.openConversation({ admission: this.admission("chat") });
  }

  admission(kind: "chat" | "kb"): (keys: ClientPublicKeys) => Uint8Array {
    return (keys) => this.tenant.admit(keys, this.nowMs, kind);
  }

  lastHeader(): Header {
    return readHeader(this.posted.at(-1) ?? new Uint8Array());
  }

  /** What redaction would read in the message that was posted last, its signature checked. */
  lastPayload(): Uint8Array {
    const bytes = this.posted.at(-1) ?? new Uint8Array();
    const { conversationId } = readHeader(bytes);
    const { clientSigningPublicKey } = this.authority.statementOf(conversationId);
    const signer = createVerifyingKey(nodeBackend, clientSigningPublicKey);
    const keys = this.authority.inboundKeysOf(conversationId);
    return openEnvelope(nodeBackend, bytes, { keys, signer, nowMs: this.nowMs }).payload;
  }

  /** Puts an answer to the message that was posted last into the mailbox. */
  answer(answer: SimulatedAnswer, options: Parameters<SimulatedInstance["answer"]>[4] = {}): void {
    const header = this.lastHeader();
    const statement = this.authority.statementOf(header.conversationId);
    const instance = answer.kind === "reply" ? this.inference : this.redaction;
    this.mailbox.push(instance.answer(header, statement, answer, this.nowMs, options));
  }

  /** A stream of live cells for the message that was posted last. */
  stream(options: Parameters<SimulatedInstance["stream"]>[3] = {}, instance = this.inference): SimulatedStream {
    const header = this.lastHeader();
    return instance.stream(header, this.authority.statementOf(header.conversationId), this.nowMs, options);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    if (pathname === "/v1/messages") return this.#accept(body);
    if (pathname.endsWith("/replies")) return this.#replies(request);
    if (pathname === "/v1/policy") return this.#policy();
    if (pathname.endsWith("/renew")) {
      const answer = await this.authority.renewConversation(fromBinary(RenewConversationRequestSchema, body));
      return this.#statement(RenewConversationResponseSchema, answer);
    }
    const answer = await this.authority.openConversation(fromBinary(OpenConversationRequestSchema, body));
    return this.#statement(OpenConversationResponseSchema, answer);
  }

  async #policy(): Promise<Response> {
    const answer = create(GetPolicyResponseSchema, await this.authority.getPolicy());
    return new Response(toBinary(GetPolicyResponseSchema, answer));
  }

  #statement(
    schema: typeof OpenConversationResponseSchema | typeof RenewConversationResponseSchema,
    fields: Awaited<ReturnType<SimulatedAuthority["openConversation"]>>,
  ): Response {
    const answer = create(schema, fields);
    if (answer.chain !== undefined) answer.statement = this.tamper(answer.chain, answer.statement);
    return new Response(toBinary(schema, answer));
  }

  #accept(bytes: Uint8Array): Response {
    this.posted.push(bytes);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Response.json({ code: refusal.code, detail: "" }, { status: refusal.status });
    this.onAccepted();
    return Response.json({ messageId: "" }, { status: 202 });
  }

  #replies(request: Request): Response {
    const lastEventId = request.headers.get("last-event-id");
    const after = lastEventId === null ? -1 : Number(lastEventId);
    const events = this.mailbox.map((event, id) => ({ id, data: Buffer.from(event).toString("base64") }));
    const text = events
      .filter(({ id }) => id > after)
      .map(({ id, data }) => `id: ${id}\nevent: reply\ndata: ${data}\n\n`);
    const live = new URL(request.url).searchParams.get("live") === "false" ? [] : this.live.splice(0);
    for (const event of live) text.push(`event: live\ndata: ${Buffer.from(event).toString("base64")}\n\n`);
    this.onRead();
    return new Response(`retry: 1\n\n${text.join("")}`);
  }
}
