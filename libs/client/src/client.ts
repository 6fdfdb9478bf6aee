import { type EvidenceVerifier, hardwareVerifiers } from "@cloister/attestation";
import type { ConversationId } from "@cloister/envelope";
import { nobleBackend } from "@cloister/envelope/noble";
import type { AsyncBackend } from "@cloister/envelope/web";
import type { ConversationKind, VerifiedChain } from "@cloister/policy";

import type { ClientContext } from "./client-context.ts";
import { deviceClock, type Clock } from "./clock.ts";
import { openConversation, type GetAdmission } from "./conversation-keys.ts";
import { decodeState, type ConversationState } from "./conversation-state.ts";
import { Conversation, type KnowledgeDocument } from "./conversation.ts";
import { sameBytes } from "./encoding.ts";
import { ClientError } from "./errors.ts";
import { HttpDoor } from "./http-door.ts";
import { Recipient } from "./recipient.ts";
import { defaultRetry, type RetryPolicy } from "./retry.ts";
import { TenantAuthority, type SignedPolicy } from "./tenant-authority.ts";

export interface ClientOptions {
  /** Where ingest listens, for example "https://chat.example.com". */
  readonly baseUrl: string;
  /** For the transport alone: it lets nobody read. */
  readonly accessToken: string;
  /** 16 bytes: of the application's own configuration, never fetched, since everything else is checked against it. */
  readonly tenantId: Uint8Array;
  /**
   * The formats of evidence to believe. Default: all hardware (`hardwareVerifiers`), each loaded when it is met; a
   * development system needs `simulatedVerifier` of @cloister/attestation/simulated.
   */
  readonly evidenceVerifiers?: readonly EvidenceVerifier[];
  /** Whether a policy marked `development` will do; false unless said. */
  readonly allowDevelopment?: boolean;
  /**
   * Default: the pure JavaScript one, for any runtime. In Node pass `nodeBackend` of @cloister/envelope/node; in a
   * browser `await createWebBackend()` of @cloister/envelope/web is several times as fast.
   */
  readonly backend?: AsyncBackend;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly retry?: RetryPolicy;
}

export interface OpenOptions {
  /** `chat` unless said; the admission must be for the same. */
  readonly kind?: ConversationKind;
  readonly admission: GetAdmission;
  readonly signal?: AbortSignal;
}

export interface ImportOptions {
  /** For a conversation of kind `kb`. */
  readonly admission: GetAdmission;
  readonly documents: Iterable<KnowledgeDocument> | AsyncIterable<KnowledgeDocument>;
  readonly signal?: AbortSignal;
}

export interface ImportedKnowledge {
  /** To name in the admissions of chats that may search it. 16 bytes. */
  readonly conversationId: ConversationId;
  /** To import more, and to read failures. */
  readonly conversation: Conversation;
  /** In the order of the documents, 16 bytes each. */
  readonly messageIds: readonly Uint8Array[];
}

/** One tenant's side of the service. Holds no keys: those are made for each conversation. */
export class Client {
  readonly #context: ClientContext;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /**
   * Makes keys, opens a conversation for them and verifies everything from the tenant's root to the conversation's key.
   * @throws ClientError AUTHORITY_UNTRUSTED (nothing was sealed), REFUSED with the code of `keys`, UNREACHABLE, ABORTED
   */
  async openConversation({ kind = "chat", admission, signal }: OpenOptions): Promise<Conversation> {
    const wanted = { kind, admission, ...(signal !== undefined && { signal }) };
    const { conversationId, signingSeed, replyKeys, inbound } = await openConversation(this.#context, wanted);
    const { current, former } = replyKeys.exportSeeds();
    return new Conversation(this.#context, {
      version: 1,
      tenantId: this.#context.tenantId,
      conversationId,
      kind,
      signingSeed,
      replyKeys: { current, former: [...former] },
      inbound,
      lastSenderSeq: 0,
      placeholders: [],
      seenReplies: [],
    });
  }

  /**
   * Goes on with a conversation that `exportState` gave. One process at a time: two would use the same numbers twice.
   * @throws ClientError STATE_INVALID
   */
  resumeConversation(state: ConversationState): Conversation {
    const snapshot = decodeState(state);
    if (!sameBytes(snapshot.tenantId, this.#context.tenantId)) {
      throw new ClientError("STATE_INVALID", "The exported conversation is another tenant's.");
    }
    this.#context.authority.know(snapshot.inbound.policyVersion, snapshot.roots);
    return new Conversation(this.#context, snapshot);
  }

  /**
   * Sends documents into a new knowledge base, sealed and redacted like any message.
   * @throws ClientError as `openConversation` and `Conversation.send`; what was sent before stays imported
   */
  async importKnowledge({ admission, documents, signal }: ImportOptions): Promise<ImportedKnowledge> {
    const options = signal === undefined ? {} : { signal };
    const conversation = await this.openConversation({ kind: "kb", admission, ...options });
    const messageIds: Uint8Array[] = [];
    for await (const document of documents) {
      messageIds.push((await conversation.sendDocument(document, options)).messageId);
    }
    return { conversationId: conversation.id, conversation, messageIds };
  }

  /**
   * A reader by a key that the tenant's policy names: a support tool.
   * @param seed X-Wing private key, 32 bytes; copied
   * @throws EnvelopeError MALFORMED when it has not 32 bytes
   */
  recipient(seed: Uint8Array): Recipient {
    return new Recipient(this.#context, seed);
  }

  /** Has the service apply a policy that the tenant's root signed; the first makes the tenant. @throws ClientError */
  applyPolicy(signed: SignedPolicy): Promise<{ readonly policyVersion: number }> {
    return this.#context.authority.applyPolicy(signed);
  }

  /** The newest policy with everything from the tenant's root to the issuer's key, verified. @throws ClientError */
  verifiedChain(): Promise<VerifiedChain> {
    return this.#context.authority.newest(0);
  }
}

/**
 * A client for one tenant. Nothing is asked of the service yet.
 * @throws ClientError STATE_INVALID when the tenant id has not 16 bytes
 */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, accessToken, tenantId, allowDevelopment = false } = options;
  const {
    evidenceVerifiers = hardwareVerifiers,
    backend = nobleBackend,
    clock = deviceClock,
    retry = defaultRetry,
  } = options;
  if (tenantId.length !== 16) throw new ClientError("STATE_INVALID", "A tenant id has 16 bytes.");
  const door = new HttpDoor({ baseUrl, accessToken, tenantId, fetch: options.fetch ?? fetch, retry });
  const authority = new TenantAuthority({ door, tenantId, evidenceVerifiers, allowDevelopment, clock });
  return new Client({ backend, tenantId: tenantId.slice(), door, authority, clock, retry });
}
