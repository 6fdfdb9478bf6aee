import type { AttestedRole } from "@cloister/attestation";
import {
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  idToHex,
  parseConversationId,
  parseTenantId,
  wrapKeyId,
  type KemPrivateKey,
  type WrapKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  KeyringError,
  requestText,
  TransformKey,
  type ConversationName,
  type ConversationRecord,
  type KeyRequest,
  type KeySource,
} from "@cloister/keyring";
import { accessOf, DAY_MS } from "@cloister/policy";
import type { SimulatedTenant } from "./simulated-tenant.ts";

export interface SimulatedConversation {
  readonly record: ConversationRecord;
  /** The client's own: opens its replies. */
  readonly clientKey: KemPrivateKey;
}

type Choices = Partial<Pick<ConversationRecord, "kind" | "subjectRef" | "knowledgeBases" | "recipients">>;

/**
 * The keys of one tenant's conversations in memory, without sessions, leases or evidence: for tests of a single service
 * and of what happens when `keys` is down or a conversation is erased. Roles get what the table of purposes allows.
 */
export class SimulatedKeys {
  /** True: every lease fails as when `keys` does not answer. */
  isDown = false;
  readonly #tenant: SimulatedTenant;
  readonly #nowMs: () => number;
  readonly #secret = nodeBackend.randomBytes(32);
  readonly #conversations = new Map<string, ConversationRecord>();
  readonly #erased = new Set<string>();
  readonly #held = new Map<string, WrapKey>();
  readonly #transforms = new Map<string, TransformKey>();

  constructor(tenant: SimulatedTenant, nowMs: () => number) {
    this.#tenant = tenant;
    this.#nowMs = nowMs;
  }

  openConversation(choices: Choices = {}): SimulatedConversation {
    const { tenantId, policy } = this.#tenant;
    const nowMs = this.#nowMs();
    const clientKey = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
    const clientSigner = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
    const record: ConversationRecord = {
      tenantId,
      conversationId: parseConversationId(nodeBackend.randomBytes(16)),
      kind: "chat",
      subjectRef: undefined,
      knowledgeBases: [],
      clientKey: createKemPublicKey(nodeBackend, clientKey.publicKeyBytes),
      clientSigner: createVerifyingKey(nodeBackend, clientSigner.publicKeyBytes),
      inboundPublicKey: clientKey.publicKeyBytes,
      inboundExpiresAtMs: nowMs + DAY_MS,
      sealUntilMs: nowMs + DAY_MS,
      keysNotAfterMs: nowMs + 400 * DAY_MS,
      policy,
      recipients: [],
      ...choices,
    };
    this.#conversations.set(idToHex(record.conversationId), record);
    return { record, clientKey };
  }

  /** As after a renewal, or a newer policy: what is leased from now on says this. */
  change({ record }: SimulatedConversation, choices: Choices & Partial<Pick<ConversationRecord, "clientKey">>): void {
    this.#conversations.set(idToHex(record.conversationId), { ...record, ...choices });
  }

  /** As after an erasure: every key of the conversation is gone, its record too. */
  erase(conversationId: Uint8Array): void {
    this.#erased.add(idToHex(conversationId));
    for (const [name, key] of [...this.#held, ...this.#transforms])
      if (name.includes(`/${idToHex(conversationId)}/`)) key.destroy();
  }

  /** The purpose key itself, for a test that plays another service. */
  key(request: KeyRequest): WrapKey {
    const { keyId, key } = this.#named(request);
    return createWrapKey(nodeBackend, { keyId, key });
  }

  /** What the vectors under a `vector` key are protected by, for a test that plays another service. */
  transformKey(request: KeyRequest): TransformKey {
    return new TransformKey(this.#named(request).key);
  }

  /** What an instance of a role is given. */
  sourceFor(role: Exclude<AttestedRole, "keys">): KeySource {
    const signer = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
    const openedFor = (access: "r" | "w") => (request: KeyRequest) => {
      if (!accessOf(role, request.purpose).includes(access)) {
        throw new KeyringError("PURPOSE_NOT_ALLOWED", "The role has no such access.");
      }
      this.#record(request);
      if (request.bucketEndMs <= this.#nowMs()) throw new KeyringError("KEY_EXPIRED", "The bucket has ended.");
      return this.#hold(request);
    };
    return {
      signer,
      close: () => undefined,
      lease: async () => {
        if (this.isDown) throw new KeyringError("KEYS_UNAVAILABLE", "The keys service does not answer.");
        return {
          openingKey: openedFor("r"),
          sealingKey: openedFor("w"),
          transformKey: (request) => {
            openedFor("r")(request);
            return this.#holdTransform(request);
          },
          conversation: (name) => this.#record(name),
          certificateFor: () => this.#tenant.certify(role, signer.publicKeyBytes, this.#nowMs()),
        };
      },
    };
  }

  #named(request: KeyRequest) {
    const { purpose, bucketEndMs } = request;
    const tenantId = parseTenantId(request.tenantId);
    const conversationId = parseConversationId(request.conversationId);
    const keyId = wrapKeyId({ tenantId, conversationId, purpose, bucketEndMs });
    return { keyId, key: nodeBackend.digests.hkdf(this.#secret, keyId, new Uint8Array(), 32) };
  }

  /** One handle a transform, as long as it lives. */
  #holdTransform(request: KeyRequest): TransformKey {
    const name = requestText(request);
    const held = this.#transforms.get(name);
    const key = held === undefined || held.isDestroyed ? this.transformKey(request) : held;
    this.#transforms.set(name, key);
    return key;
  }

  /** One handle a key, as long as it lives, as a keyring gives it. */
  #hold(request: KeyRequest): WrapKey {
    const name = requestText(request);
    const key = this.#held.get(name) ?? this.key(request);
    this.#held.set(name, key);
    return key;
  }

  #record({ conversationId }: ConversationName): ConversationRecord {
    const name = idToHex(conversationId);
    if (this.#erased.has(name)) throw new KeyringError("KEY_DESTROYED", "The conversation was erased.");
    const record = this.#conversations.get(name);
    if (record === undefined) throw new KeyringError("CONVERSATION_UNKNOWN", "No such conversation.");
    return record;
  }
}
