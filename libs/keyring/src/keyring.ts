import type { AttestedRole, EvidenceSource, EvidenceVerifier } from "@cloister/attestation";
import type { WatchRevocationsResponse } from "@cloister/contracts/keys/release";
import { idToHex, type SigningKey } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import type { ConversationRecord } from "./conversation-record.ts";
import { KeyringError } from "./errors.ts";
import { InstanceIdentity } from "./instance-identity.ts";
import { conversationText, conversationToWire, requestText, toWire } from "./key-request.ts";
import type { ConversationName, KeyRequest } from "./key-request.ts";
import type { KeysTransport } from "./keys-transport.ts";
import { LeaseStore, type Lease } from "./lease-store.ts";
import { LeasedKeys, type LeasedKey, type LeaseOutcomes } from "./leased-keys.ts";
import { receive, type Received } from "./receive.ts";
import { RevocationWatch } from "./revocation-watch.ts";
import { KeysSession } from "./session.ts";
import type { SeenOfTenant, TenantTrust } from "./tenant-trust.ts";
import type { TransformKey } from "./transform-key.ts";

export interface KeyringOptions {
  /** Fixed by the service; the evidence has to prove it. */
  readonly role: Exclude<AttestedRole, "keys">;
  /** To the release door of `keys`: see `keysTransport`. */
  readonly transport: KeysTransport;
  readonly evidence: EvidenceSource;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  /** The evidence formats that this build trusts of `keys`. */
  readonly verifiers: readonly EvidenceVerifier[];
  /** Production builds pass false. */
  readonly allowDevelopment: boolean;
  readonly clock: Clock;
  /** Shared with other keyrings of the instance; one of its own by default. */
  readonly identity?: InstanceIdentity;
  /** How many keys, and how many conversations, are held at once; 20,000. */
  readonly capacity?: number;
}

/** A key with less of its lease left is fetched anew, so that a batch has time to use it. */
const MIN_REMAINING_MS = 15_000;
/** A session with less left is begun anew. */
const SESSION_MARGIN_MS = 30_000;
/** Revocations come one by one and seldom; a batch that meets one each time is tried again later. */
const MAX_ATTEMPTS = 3;
const SWEEP_EVERY_MS = 5_000;
/** Batches sweep, too, and no more often than so: a look at all leases costs more than the few that one needs. */
const SWEEP_OF_BATCHES_MS = 1_000;
const DEFAULT_CAPACITY = 20_000;

/**
 * Gets keys for batches of records and holds them for the length of their leases. One call per batch at most; nothing
 * is given out of a tenant whose chain, policy and `keys` were not verified here.
 */
export class Keyring {
  readonly #options: KeyringOptions;
  readonly #identity: InstanceIdentity;
  readonly #keys: LeaseStore<LeasedKey>;
  readonly #transforms: LeaseStore<TransformKey>;
  readonly #conversations: LeaseStore<ConversationRecord>;
  readonly #tenants: LeaseStore<TenantTrust>;
  /** The newest policy version seen, by tenant: `keys` can't go back behind it. */
  readonly #seenOfTenants = new Map<string, SeenOfTenant>();
  readonly #sweeper: NodeJS.Timeout;
  #session: KeysSession | undefined;
  #watch: RevocationWatch | undefined;
  /** Counts evictions: what was asked for before one may be what it ends. */
  #evictions = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #sweptAtMs = 0;

  constructor(options: KeyringOptions) {
    const { role, evidence: source, configurationDigest, clock, capacity = DEFAULT_CAPACITY } = options;
    this.#options = options;
    this.#identity = options.identity ?? new InstanceIdentity({ role, source, configurationDigest, clock });
    this.#keys = new LeaseStore(clock, capacity, (key) => key.destroy());
    this.#transforms = new LeaseStore(clock, capacity, (key) => key.destroy());
    this.#conversations = new LeaseStore(clock, capacity);
    this.#tenants = new LeaseStore(clock, capacity);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_EVERY_MS).unref();
  }

  /** This instance's evidence-bound key: replies are signed with it. */
  get signer(): SigningKey {
    return this.#identity.signer;
  }

  /**
   * Keys and records for one batch, at most 4,096 names together. Records come for the conversations of all requests
   * and for those named besides.
   * @throws KeyringError of scope `shared` alone (KEYS_UNAVAILABLE, KEYS_NOT_TRUSTED …); what concerns one tenant,
   * conversation or key is thrown by the getter that asks for it.
   */
  async lease(requests: readonly KeyRequest[], conversations: readonly ConversationName[] = []): Promise<LeasedKeys> {
    const names = uniqueConversations([...requests, ...conversations]);
    const wanted = uniqueRequests(requests);
    const turn = this.#turn.then(() => this.#leaseInTurn(wanted, names));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Destroys all keys, this instance's included. */
  close(): void {
    clearInterval(this.#sweeper);
    this.#watch?.close();
    this.#dropAll();
    this.#session = undefined;
    this.#identity.destroy();
  }

  async #leaseInTurn(requests: readonly KeyRequest[], names: readonly ConversationName[]): Promise<LeasedKeys> {
    if (this.#options.clock.monotonicMs() - this.#sweptAtMs >= SWEEP_OF_BATCHES_MS) this.#sweep();
    const received = await this.#receiveMissing(requests, names);
    return new LeasedKeys(this.#options.role, this.#options.clock, this.#outcomes(requests, names, received));
  }

  async #receiveMissing(
    requests: readonly KeyRequest[],
    names: readonly ConversationName[],
  ): Promise<Received | undefined> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isAllHeld(requests, names)) return undefined;
      // Opening it may drop all that is held; what is missing is told afterwards.
      await this.#openSession();
      const before = this.#evictions;
      const missingKeys = requests.filter((request) => !this.#holds(request));
      const missingNames = names.filter((name) => !this.#isKnown(name));
      const received = await this.#fetch(missingKeys, missingNames);
      if (before === this.#evictions) return this.#kept(received);
      this.#discard(received);
      if (attempt === MAX_ATTEMPTS) throw new KeyringError("LEASE_ENDED", "Keys were revoked while they were fetched.");
    }
  }

  #isAllHeld(requests: readonly KeyRequest[], names: readonly ConversationName[]): boolean {
    return requests.every((request) => this.#holds(request)) && names.every((name) => this.#isKnown(name));
  }

  #holds(request: KeyRequest): boolean {
    return this.#keys.get(requestText(request), MIN_REMAINING_MS) !== undefined;
  }

  #isKnown(name: ConversationName): boolean {
    return (
      this.#conversations.get(conversationText(name), MIN_REMAINING_MS) !== undefined &&
      this.#tenants.get(idToHex(name.tenantId), MIN_REMAINING_MS) !== undefined
    );
  }

  async #fetch(keys: readonly KeyRequest[], names: readonly ConversationName[]): Promise<Received> {
    const { clock, verifiers, allowDevelopment } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const { session, released } = await this.#release(keys, uniqueConversations([...keys, ...names]));
    return receive({
      released,
      startedAtMs,
      nowMs: clock.nowMs(),
      verifiers,
      allowDevelopment,
      keysEvidence: session.keysEvidence,
      nonce: session.nonce,
      seenOfTenants: this.#seenOfTenants,
      heldKey: (name) => this.#keys.get(name)?.value,
      heldTransform: (name) => this.#transforms.get(name)?.value,
      heldTenant: (name) => this.#tenants.get(name)?.value,
      heldConversation: (name) => this.#conversations.get(name)?.value,
    });
  }

  #kept(received: Received): Received {
    for (const [name, lease] of received.keys) if (!(lease instanceof KeyringError)) this.#keys.put(name, lease);
    for (const [name, lease] of received.transforms) this.#transforms.put(name, lease);
    for (const [name, lease] of received.conversations) {
      if (!(lease instanceof KeyringError)) this.#conversations.put(name, lease);
    }
    for (const [name, lease] of received.tenants) if (!(lease instanceof KeyringError)) this.#tenants.put(name, lease);
    return received;
  }

  /** What was asked for before a revocation: it may be what was revoked. Handles that are held live on. */
  #discard(received: Received): void {
    for (const [name, lease] of received.keys) {
      if (!(lease instanceof KeyringError) && this.#keys.get(name)?.value !== lease.value) lease.value.destroy();
    }
    for (const [name, { value }] of received.transforms) {
      if (this.#transforms.get(name)?.value !== value) value.destroy();
    }
  }

  /** A session that `keys` no longer knows (it restarted, or the hour is over) is begun anew, once. */
  async #release(keys: readonly KeyRequest[], names: readonly ConversationName[]) {
    const wireKeys = keys.map(toWire);
    const wireNames = names.map(conversationToWire);
    for (let attempt = 1; ; attempt++) {
      const session = await this.#openSession();
      try {
        return { session, released: await session.release(wireKeys, wireNames) };
      } catch (error) {
        this.#session = undefined;
        const isForgotten = error instanceof KeyringError && error.code === "SESSION_UNKNOWN";
        if (!isForgotten || attempt > 1) throw asShared(error);
      }
    }
  }

  async #openSession(): Promise<KeysSession> {
    const held = this.#session;
    const isFresh = held !== undefined && this.#options.clock.nowMs() < held.expiresAtMs - SESSION_MARGIN_MS;
    // The end of its stream is mostly the end of a `keys`, which knew the session alone.
    if (isFresh && this.#watch?.isOpen !== false) return held;
    const { transport, allowDevelopment } = this.#options;
    if (!allowDevelopment && transport.channel === undefined) {
      throw new KeyringError(
        "KEYS_NOT_TRUSTED",
        "Outside development keys is reached over TLS alone: give an https URL.",
      );
    }
    const session = await KeysSession.open(transport, this.#identity);
    this.#session = session;
    await this.#watchWith(session);
    return session;
  }

  /** One stream takes over from the other; when there was none for a while, nothing is held any longer. */
  async #watchWith(session: KeysSession): Promise<void> {
    const before = this.#watch;
    try {
      this.#watch = await RevocationWatch.open(session, (revocation) => this.#evict(revocation));
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
    if (before === undefined) return;
    if (!before.isOpen) this.#dropAll();
    before.close();
  }

  #evict({ tenantId, conversationId }: WatchRevocationsResponse): void {
    this.#evictions += 1;
    const isTenant = conversationId.length === 0;
    const name = isTenant ? idToHex(tenantId) : conversationText({ tenantId, conversationId });
    for (const store of this.#stores) store.evict(name);
  }

  #dropAll(): void {
    this.#evictions += 1;
    for (const store of this.#stores) store.clear();
  }

  #outcomes(
    requests: readonly KeyRequest[],
    names: readonly ConversationName[],
    received: Received | undefined,
  ): LeaseOutcomes {
    const keys = new Map<string, LeaseOutcomes["keys"] extends ReadonlyMap<string, infer T> ? T : never>();
    const transforms = new Map<string, Lease<TransformKey>>();
    for (const request of requests) {
      const name = requestText(request);
      const transform = received?.transforms.get(name) ?? this.#transforms.get(name);
      if (transform !== undefined) transforms.set(name, transform);
      keys.set(name, received?.keys.get(name) ?? this.#keys.get(name) ?? lapsed());
    }
    const conversations = new Map<string, ConversationRecord | KeyringError>();
    const tenants = new Map<string, TenantTrust | KeyringError>();
    for (const name of names) {
      const text = conversationText(name);
      const tenant = idToHex(name.tenantId);
      const conversation = received?.conversations.get(text) ?? this.#conversations.get(text) ?? lapsed();
      conversations.set(text, valueOf(conversation));
      tenants.set(tenant, valueOf(received?.tenants.get(tenant) ?? this.#tenants.get(tenant) ?? lapsed()));
    }
    return { keys, transforms, conversations, tenants };
  }

  get #stores(): readonly Pick<LeaseStore<unknown>, "evict" | "clear" | "sweep">[] {
    return [this.#keys, this.#transforms, this.#conversations, this.#tenants];
  }

  #sweep(): void {
    this.#sweptAtMs = this.#options.clock.monotonicMs();
    for (const store of this.#stores) store.sweep();
  }
}

/** What was held when the batch was asked for and is not any more: the call took longer than a lease had left. */
const lapsed = (): KeyringError =>
  new KeyringError("LEASE_ENDED", "A lease ended while the rest of its batch was fetched.");

/** A refusal of the whole call says nothing against any one record of the batch. */
function asShared(error: unknown): unknown {
  if (!(error instanceof KeyringError) || error.scope === "shared") return error;
  return new KeyringError("KEYS_UNAVAILABLE", `The keys service refused a whole batch: ${error.code}.`, {
    cause: error,
  });
}

function valueOf<Value>(outcome: { readonly value: Value } | KeyringError): Value | KeyringError {
  return outcome instanceof KeyringError ? outcome : outcome.value;
}

/** Many envelopes of a batch lie under one key; it is asked for once. */
function uniqueRequests(requests: readonly KeyRequest[]): KeyRequest[] {
  return [...new Map(requests.map((request) => [requestText(request), request])).values()];
}

function uniqueConversations(names: readonly ConversationName[]): ConversationName[] {
  const byText = new Map(names.map((name) => [conversationText(name), name]));
  return [...byText.values()];
}
