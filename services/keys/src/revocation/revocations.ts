import { timingSafeEqual } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  AcknowledgeEvictionResponseSchema,
  WatchRevocationsResponseSchema,
  type AcknowledgeEvictionRequest,
  type AcknowledgeEvictionResponse,
  type WatchRevocationsRequest,
  type WatchRevocationsResponse,
} from "@cloister/contracts/keys/release";
import { idToHex } from "@cloister/envelope";
import type { Channel } from "@cloister/keyring";
import { evictionSigningBytes, watchRevocationsSigningBytes } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { LEASE_MS, useSequence } from "../release/release-keys.ts";
import type { Sessions } from "../release/sessions.ts";
import { instanceOf, Watchers } from "./watchers.ts";

/** What is over before its time. */
export interface Revoked {
  /** 16 bytes: of the tombstone, where there is one. */
  readonly id: Uint8Array;
  readonly tenantId: Uint8Array;
  /** Missing: everything of the tenant. */
  readonly conversationId?: Uint8Array;
}

/** What came of a revocation, in instances that were given keys and whose session lasts. */
export interface Eviction {
  /** They said, signed, that they hold nothing of it any more. */
  readonly evicted: number;
  /** They have not said so in time, or listen to nobody: their leases end by themselves. */
  readonly notEvicted: number;
}

/** Who counts them. */
export interface Evictions {
  /** One instance, so long after it could have been told. */
  readonly evicted: (seconds: number) => void;
  /** So many instances whose leases end by themselves. */
  readonly lapsing: (count: number) => void;
}

interface Pending {
  readonly revocation: WatchRevocationsResponse;
  readonly startMs: number;
  /** Those whose sessions lasted when it was sent: nobody else held a key of it. */
  readonly instances: ReadonlySet<string>;
  /** Those of them that listen and have not answered. */
  readonly waiting: Set<string>;
  readonly answered: Set<string>;
  readonly settle: () => void;
}

/** How long an erasure waits for the words of all. */
const ANSWERED_WITHIN_MS = 3_000;
/** Who answers later is taken at its word, and counted, as long as there can be a lease of it. */
const HEARD_FOR_MS = LEASE_MS;

/**
 * Tells attested instances what they may not use any longer, and takes their word for it. It only hastens the end of a
 * lease: an instance that is cut off from here can renew none, and has none left when a minute is over.
 */
export class Revocations {
  readonly #parts: Pick<KeysParts, "clock" | "evictions">;
  readonly #sessions: Sessions;
  readonly #watchers = new Watchers();
  readonly #pending = new Map<string, Pending>();

  constructor(parts: Pick<KeysParts, "clock" | "evictions">, sessions: Sessions) {
    this.#parts = parts;
    this.#sessions = sessions;
  }

  /** @throws KeysError SESSION_UNKNOWN, CHANNEL_MISMATCH, SIGNATURE_INVALID, SEQUENCE_REUSED */
  watch(
    request: WatchRevocationsRequest,
    channel: Channel | undefined,
    signal: AbortSignal,
  ): AsyncIterable<WatchRevocationsResponse> {
    const session = this.#sessions.attested(request.sessionId, channel);
    if (!session.signer.verify(watchRevocationsSigningBytes(request), request.signature)) {
      throw new KeysError("SIGNATURE_INVALID", "A watch is not signed by the instance that the session is of.");
    }
    useSequence(session, request.sequence);
    return this.#watchers.open(session, session.expiresAtMs - this.#parts.clock.nowMs(), signal);
  }

  /**
   * Takes an instance's word for a revocation that it was told of.
   * @throws KeysError SESSION_UNKNOWN, CHANNEL_MISMATCH; SIGNATURE_INVALID, also for another revocation than this one was sent
   */
  acknowledge(request: AcknowledgeEvictionRequest, channel: Channel | undefined): AcknowledgeEvictionResponse {
    const session = this.#sessions.attested(request.sessionId, channel);
    const pending = this.#pending.get(idToHex(request.revocationId));
    if (pending !== undefined && isSame(pending.revocation.revocationId, request.revocationId)) {
      if (!session.signer.verify(evictionSigningBytes(session.sessionId, pending.revocation), request.signature)) {
        throw new KeysError("SIGNATURE_INVALID", "An eviction is not signed by the instance that the session is of.");
      }
      this.#note(pending, instanceOf(session));
    }
    return create(AcknowledgeEvictionResponseSchema);
  }

  /** Resolves when every instance has answered, at the latest after 3 s. Never rejects. */
  async revoke({ id, tenantId, conversationId }: Revoked): Promise<Eviction> {
    const instances = new Set(this.#sessions.lasting().map(instanceOf));
    const revocation = create(WatchRevocationsResponseSchema, {
      revocationId: id,
      tenantId,
      ...(conversationId && { conversationId }),
    });
    const { listening } = this.#watchers;
    const waiting = new Set([...instances].filter((instance) => listening.has(instance)));
    const answered = new Set<string>();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const startMs = this.#parts.clock.monotonicMs();
    const settle = (): void => resolve(undefined);
    this.#pending.set(idToHex(id), { revocation, startMs, instances, waiting, answered, settle });
    const atEnd = setTimeout(resolve, ANSWERED_WITHIN_MS, undefined);
    this.#watchers.send(revocation);
    if (waiting.size === 0) resolve(undefined);
    await promise;
    clearTimeout(atEnd);
    setTimeout(() => this.#pending.delete(idToHex(id)), HEARD_FOR_MS).unref();
    const notEvicted = instances.size - answered.size;
    this.#parts.evictions.lapsing(notEvicted);
    return { evicted: answered.size, notEvicted };
  }

  /** Before the doors close, which waits for the streams to end. */
  close(): void {
    this.#watchers.close();
    for (const { settle } of this.#pending.values()) settle();
  }

  #note({ startMs, instances, waiting, answered, settle }: Pending, instance: string): void {
    if (answered.has(instance) || !instances.has(instance)) return;
    answered.add(instance);
    waiting.delete(instance);
    this.#parts.evictions.evicted((this.#parts.clock.monotonicMs() - startMs) / 1_000);
    if (waiting.size === 0) settle();
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
