import { create } from "@bufbuild/protobuf";
import {
  ConversationRecordSchema,
  ReleasedKeySchema,
  TenantRecordSchema,
  type ConversationRecord,
  type KeyRequest,
  type ReleasedKey,
  type TenantRecord,
} from "@cloister/contracts/keys/release";
import { idToHex } from "@cloister/envelope";
import { conversationText, type ConversationName } from "@cloister/keyring";
import type { Policy } from "@cloister/policy";
import type { TenantInForce } from "../authority/policy-book.ts";
import { KeysError } from "../errors.ts";
import type { TenantKeys } from "../hierarchy/tenant-keys.ts";
import type { KeysParts } from "../keys.parts.ts";
import { findPolicy } from "../records/tenants.ts";
import { admitInstance } from "./admit-instance.ts";
import { loadConversations, type LoadedConversation } from "./load-conversations.ts";
import { BucketKeysOfCall } from "./bucket-keys-of-call.ts";
import { allowedPurpose, purposeKey } from "./purpose-key.ts";
import type { AttestedSession } from "./sessions.ts";

/** A tenant whose policy in force allows this instance. */
export interface AdmittedTenant {
  readonly inForce: TenantInForce;
  readonly policy: Policy;
  readonly keys: TenantKeys;
  /** The issuer's certificate of the instance. */
  readonly certificate: Uint8Array;
}

/** One ReleaseKeys call: tenants and conversations are looked up once, refusals are kept with what they refuse. */
export class ReleaseCall {
  readonly #parts: KeysParts;
  readonly #session: AttestedSession;
  readonly #tenants = new Map<string, Promise<AdmittedTenant>>();
  #conversations: ReadonlyMap<string, LoadedConversation> = new Map();
  #names: readonly ConversationName[] = [];
  /** How much is asked for of each tenant. */
  readonly #counts = new Map<string, number>();

  constructor(parts: KeysParts, session: AttestedSession) {
    this.#parts = parts;
    this.#session = session;
  }

  async load(names: readonly ConversationName[]): Promise<void> {
    for (const { tenantId } of names) {
      const id = idToHex(tenantId);
      this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    }
    this.#names = [...new Map(names.map((name) => [conversationText(name), name])).values()];
    this.#conversations = await loadConversations(this.#parts.db, this.#names);
    // At once: the KMS of one tenant is not waited for after that of another.
    await Promise.allSettled(this.#names.map(({ tenantId }) => this.#admitted(tenantId)));
  }

  async keys(requests: readonly KeyRequest[]): Promise<ReleasedKey[]> {
    const bucketKeys = new BucketKeysOfCall(this.#parts);
    const released: ReleasedKey[] = [];
    try {
      for (const request of requests) {
        const outcome = await attempt(() => this.#key(request, bucketKeys));
        const result =
          outcome instanceof KeysError
            ? { case: "refusal" as const, value: outcome.code }
            : { case: "key" as const, value: outcome };
        released.push(create(ReleasedKeySchema, { request, result }));
      }
      return released;
    } finally {
      bucketKeys.destroy();
    }
  }

  async conversations(): Promise<ConversationRecord[]> {
    const records: ConversationRecord[] = [];
    for (const name of this.#names) {
      const { tenantId, conversationId } = name;
      const outcome = await attempt(async () => this.#conversationRecord(await this.#admitted(tenantId), name));
      const fields = outcome instanceof KeysError ? { refusal: outcome.code } : outcome;
      records.push(create(ConversationRecordSchema, { tenantId, conversationId, ...fields }));
    }
    return records;
  }

  async tenants(): Promise<TenantRecord[]> {
    const ids = new Map(this.#names.map(({ tenantId }) => [idToHex(tenantId), tenantId]));
    const records: TenantRecord[] = [];
    for (const tenantId of ids.values()) {
      const outcome = await attempt(async () => this.#tenantRecord(await this.#admitted(tenantId)));
      const fields = outcome instanceof KeysError ? { refusal: outcome.code } : outcome;
      records.push(create(TenantRecordSchema, { tenantId, ...fields }));
    }
    return records;
  }

  async #key(request: KeyRequest, bucketKeys: BucketKeysOfCall): Promise<Uint8Array> {
    const purpose = allowedPurpose(this.#session.role, request);
    const tenant = await this.#admitted(request.tenantId);
    const conversation = this.#conversation(request);
    const bucketEndMs = Number(request.bucketEndMs);
    return purposeKey(this.#parts, { purpose, tenant, conversation, bucketEndMs, bucketKeys });
  }

  #admitted(tenantId: Uint8Array): Promise<AdmittedTenant> {
    const id = idToHex(tenantId);
    const known = this.#tenants.get(id);
    if (known !== undefined) return known;
    const admitted = this.#admit(tenantId);
    this.#tenants.set(id, admitted);
    return admitted;
  }

  async #admit(tenantId: Uint8Array): Promise<AdmittedTenant> {
    this.#parts.limits.tenantKeys(tenantId, this.#counts.get(idToHex(tenantId)) ?? 1);
    const inForce = await this.#parts.policies.inForce(tenantId);
    const keys = await this.#parts.tenantKeys.open(inForce);
    const { certificate } = await admitInstance(this.#parts, this.#session, inForce, keys);
    return { inForce, keys, policy: inForce.policy, certificate };
  }

  #conversation(name: ConversationName): LoadedConversation {
    const conversation = this.#conversations.get(conversationText(name));
    if (conversation !== undefined) return conversation;
    throw new KeysError("CONVERSATION_UNKNOWN", "No such conversation of this tenant was opened here.");
  }

  async #conversationRecord(tenant: AdmittedTenant, name: ConversationName) {
    const { statement, secret, isBuried, policyVersion } = this.#conversation(name);
    if (statement === null || secret === undefined || isBuried) {
      throw new KeysError("KEY_DESTROYED", "The conversation has ended.");
    }
    const isOlder = policyVersion !== tenant.policy.version;
    const pinned = isOlder ? await findPolicy(this.#parts.db, name.tenantId, policyVersion) : undefined;
    const pinnedPolicy = pinned?.note ?? new Uint8Array();
    return { statement, keysNotAfterMs: BigInt(secret.not_after_ms), pinnedPolicy };
  }

  async #tenantRecord({ inForce, certificate }: AdmittedTenant) {
    return { chain: await this.#parts.chains.of(inForce), instanceCertificate: certificate };
  }
}

/** What concerns one key, conversation or tenant is an answer; what concerns all of them is thrown. */
async function attempt<T>(work: () => Promise<T>): Promise<T | KeysError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeysError && error.code !== "UNAVAILABLE") return error;
    throw error;
  }
}
