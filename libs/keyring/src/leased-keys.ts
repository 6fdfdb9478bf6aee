import { idToHex, type KemPrivateKey, type WrapKey } from "@cloister/envelope";
import { purposesOfRole, type ServiceRole } from "@cloister/policy";
import type { Clock } from "@cloister/service";
import type { ConversationRecord } from "./conversation-record.ts";
import { KeyringError } from "./errors.ts";
import { conversationText, requestText, type ConversationName, type KeyRequest } from "./key-request.ts";
import type { Lease } from "./lease-store.ts";
import type { TenantTrust } from "./tenant-trust.ts";
import type { TransformKey } from "./transform-key.ts";

export type LeasedKey = WrapKey | KemPrivateKey;

/** What one `lease` brought, for each name a lease or the reason why not. */
export interface LeaseOutcomes {
  readonly keys: ReadonlyMap<string, Lease<LeasedKey> | KeyringError>;
  /** Beside each `vector` key. */
  readonly transforms: ReadonlyMap<string, Lease<TransformKey>>;
  readonly conversations: ReadonlyMap<string, ConversationRecord | KeyringError>;
  readonly tenants: ReadonlyMap<string, TenantTrust | KeyringError>;
}

/**
 * The keys of one batch. Each getter throws a KeyringError when that key, conversation or tenant was refused; its
 * `scope` says what to do with the record. Ask for a handle when it is used: it dies with its lease.
 */
export class LeasedKeys {
  readonly #role: ServiceRole;
  readonly #clock: Clock;
  readonly #outcomes: LeaseOutcomes;

  constructor(role: ServiceRole, clock: Clock, outcomes: LeaseOutcomes) {
    this.#role = role;
    this.#clock = clock;
    this.#outcomes = outcomes;
  }

  /**
   * To open what was sealed: a KemPrivateKey for `inbound`, else a WrapKey.
   * @throws KeyringError NOT_REQUESTED; PURPOSE_NOT_ALLOWED when this role only writes; LEASE_ENDED, KEY_EXPIRED,
   * KEY_DESTROYED, or why `keys` refused it
   */
  openingKey(request: KeyRequest): LeasedKey {
    this.#require(request, "r");
    return this.#live(request);
  }

  /** To seal a new envelope under. @throws KeyringError as `openingKey`; PURPOSE_NOT_ALLOWED when this role only reads */
  sealingKey(request: KeyRequest): WrapKey {
    this.#require(request, "w");
    const key = this.#live(request);
    if ("wrap" in key) return key;
    throw new KeyringError("PURPOSE_NOT_ALLOWED", "Only clients seal to a conversation's inbound key.");
  }

  /**
   * What the vectors of a conversation's bucket are protected by, for a request of purpose `vector`: to search as to
   * store, since a question is protected the same way.
   * @throws KeyringError as `openingKey`
   */
  transformKey(request: KeyRequest): TransformKey {
    this.openingKey(request);
    const lease = this.#outcomes.transforms.get(requestText(request));
    if (request.purpose !== "vector") {
      throw new KeyringError("PURPOSE_NOT_ALLOWED", "Only the vectors of a conversation have a transform.");
    }
    if (lease !== undefined && !lease.value.isDestroyed) return lease.value;
    throw new KeyringError("LEASE_ENDED", "The lease of a transform ended before its use: lease it again.");
  }

  /** The verified record. @throws KeyringError CONVERSATION_UNKNOWN, KEY_DESTROYED, STATEMENT_INVALID … */
  conversation(name: ConversationName): ConversationRecord {
    return found(this.#outcomes.conversations.get(conversationText(name)));
  }

  /** The signed note by which the tenant's issuer certifies this instance, for `ReplySealed.signer_certificate`. */
  certificateFor(tenantId: Uint8Array): Uint8Array {
    return found(this.#outcomes.tenants.get(idToHex(tenantId))).certificate;
  }

  #require(request: KeyRequest, access: "r" | "w"): void {
    if (purposesOfRole[this.#role][request.purpose]?.includes(access) === true) return;
    throw new KeyringError("PURPOSE_NOT_ALLOWED", "The role may not use keys of this purpose in this direction.");
  }

  #live(request: KeyRequest): LeasedKey {
    const lease = found(this.#outcomes.keys.get(requestText(request)));
    if (this.#clock.nowMs() >= lease.notAfterMs) throw new KeyringError("KEY_EXPIRED", "The key's bucket has ended.");
    if (this.#clock.monotonicMs() < lease.endsAtMs && !lease.value.isDestroyed) return lease.value;
    throw new KeyringError("LEASE_ENDED", "The lease of a key ended before its use: lease it again.");
  }
}

function found<T>(outcome: T | KeyringError | undefined): T {
  if (outcome === undefined) throw new KeyringError("NOT_REQUESTED", "This was not part of what was leased.");
  if (outcome instanceof KeyringError) throw outcome;
  return outcome;
}
