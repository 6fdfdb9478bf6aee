import { Agent, request, type ClientRequest } from "node:http";
import { fromBinary } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type Conversation } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { idToHex, readHeader, Stage, type EnvelopeBackend } from "@cloister/envelope";
import { systemClock } from "@cloister/service";
import { createParser } from "eventsource-parser";
import type { Stack } from "./stack.ts";

/** A message that was sealed ahead, so that sealing it takes no time from what is measured. */
export interface SealedAhead {
  readonly messageId: string;
  readonly bytes: Uint8Array;
}

/** A conversation with what it still has to say. */
export interface Speaker {
  readonly conversationIdHex: string;
  readonly conversation: Conversation;
  readonly waiting: SealedAhead[];
}

const OPENED_AT_ONCE = 4;
const text = "When does my new card arrive, and is the fee for it charged again this month? "
  .repeat(14)
  .slice(0, 1_024);

/** Senders of one tenant and the readers of their replies, in this process. */
export class People {
  readonly speakers: Speaker[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128 });
  readonly #stack: Stack;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #client: Client;
  readonly #listening: ClientRequest[] = [];
  #captured: SealedAhead | undefined;
  /** Told of each reply that lies open to its reader, with the message that it answers. */
  onReply: (messageId: string) => void = () => undefined;
  onFailure: (code: string) => void = () => undefined;

  constructor(stack: Stack, accessToken: string, backend: EnvelopeBackend) {
    this.#stack = stack;
    const tenantIdHex = Buffer.from(stack.tenant.tenantId).toString("hex");
    this.#headers = { authorization: `Bearer ${accessToken}`, "cloister-tenant": tenantIdHex };
    this.#client = createClient({
      baseUrl: stack.services.ingestUrl,
      accessToken,
      tenantId: stack.tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend,
      fetch: (input, init) => this.#captureOrFetch(input, init),
    });
  }

  /** Before anybody gathers on that stack. */
  static async applyPolicy(stack: Stack, backend: EnvelopeBackend): Promise<void> {
    const people = new People(stack, await stack.services.accessToken, backend);
    await people.#client.applyPolicy(stack.tenant.signed(stack.tenant.policy(systemClock.nowMs())));
  }

  static async gather(stack: Stack, backend: EnvelopeBackend, conversations: number): Promise<People> {
    const people = new People(stack, await stack.services.accessToken, backend);
    let left = conversations;
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const conversation = await people.#client.openConversation({
          admission: (keys) => stack.tenant.admission(keys, systemClock.nowMs()),
        });
        people.speakers.push({ conversation, conversationIdHex: idToHex(conversation.id), waiting: [] });
      }
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, lane));
    await Promise.all(people.speakers.map((speaker) => people.#listen(speaker)));
    return people;
  }

  /** Seals so many messages ahead, over all conversations in turn. */
  async seal(messages: number): Promise<void> {
    for (let n = 0; n < messages; n++) {
      const speaker = this.speakers[n % this.speakers.length];
      if (speaker === undefined) return;
      await speaker.conversation.send(text);
      if (this.#captured !== undefined) speaker.waiting.push(this.#captured);
    }
  }

  /** Posts one message; rejects unless it is accepted. */
  post({ bytes }: SealedAhead): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = { ...this.#headers, "content-type": "application/octet-stream", "content-length": bytes.length };
      const posting = request(
        `${this.#stack.services.ingestUrl}/v1/messages`,
        { method: "POST", agent: this.#agent, headers },
        (response) => {
          response.resume();
          response.once("end", () =>
            response.statusCode === 202 ? resolve() : reject(new Error(`a message got ${response.statusCode}`)),
          );
        },
      );
      posting.once("error", reject);
      posting.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
    for (const listening of this.#listening) listening.destroy();
  }

  async #captureOrFetch(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.endsWith("/v1/messages") || !(init?.body instanceof Uint8Array)) return fetch(input, init);
    this.#captured = { messageId: idToHex(readHeader(init.body).messageId), bytes: init.body };
    return new Response(null, { status: 202 });
  }

  /** Resolves once connected. */
  #listen({ conversationIdHex }: Speaker): Promise<void> {
    const parser = createParser({ onEvent: ({ event, data }) => event === "reply" && this.#take(data) });
    return new Promise((resolve, reject) => {
      const headers = { ...this.#headers, accept: "text/event-stream" };
      const url = `${this.#stack.services.ingestUrl}/v1/conversations/${conversationIdHex}/replies?live=false`;
      const listening = request(url, { agent: false, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`a reader got ${response.statusCode}`));
        response.setEncoding("utf8");
        response.on("data", (piece: string) => parser.feed(piece));
        response.on("error", () => undefined);
        resolve();
      });
      // Its end is that of the crowd, or of the services.
      listening.on("error", reject);
      listening.end();
      this.#listening.push(listening);
    });
  }

  #take(data: string): void {
    const { event } = fromBinary(ReplyEventSchema, Buffer.from(data, "base64"));
    if (event.case === "failed") this.onFailure(event.value.code);
    if (event.case !== "sealed") return;
    const { stage, causeId } = readHeader(event.value.envelope);
    if (stage === Stage.REPLY && causeId !== undefined) this.onReply(idToHex(causeId));
  }
}
