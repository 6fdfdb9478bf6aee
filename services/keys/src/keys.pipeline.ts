import { randomBytes } from "node:crypto";
import type { ContextValues, ServiceImpl } from "@connectrpc/connect";
import type { AuthorityService } from "@cloister/contracts/keys/authority";
import type { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import type { ReleaseService } from "@cloister/contracts/keys/release";
import type { Channel } from "@cloister/keyring";
import { applyPolicy } from "./authority/apply-policy.ts";
import { getPolicy } from "./authority/get-policy.ts";
import { listInstances } from "./authority/list-instances.ts";
import { openConversation } from "./authority/open-conversation.ts";
import { rotateKeys } from "./authority/rotate-keys.ts";
import { renewConversation } from "./authority/renew-conversation.ts";
import { callerKey } from "./doors/caller.ts";
import type { KeysParts } from "./keys.parts.ts";
import { destroyBucketKeys, eraseConversation, planDestruction } from "./lifecycle/destroy.ts";
import { KekDestructions } from "./lifecycle/destroy-kek.ts";
import { issueReceipt } from "./lifecycle/issue-receipt.ts";
import { replayTombstones } from "./lifecycle/replay-tombstones.ts";
import { releaseKeys } from "./release/release-keys.ts";
import { Challenges } from "./unlock/challenges.ts";
import { Peers } from "./unlock/peers.ts";
import { shareUnlocks } from "./unlock/share-unlocks.ts";
import { Unlocks } from "./unlock/unlocks.ts";
import { Sessions } from "./release/sessions.ts";
import { Announcer, nobody } from "./revocation/announcer.ts";
import { KnownEvictions } from "./revocation/known-evictions.ts";
import { Revocations, type Eviction } from "./revocation/revocations.ts";

/**
 * What `keys` does, door by door. Tenant root → policy → issuer key → statements by the authority door; attested
 * session → purpose keys by the release door; bucket end or erasure → tombstone → receipt by the lifecycle door.
 */
export class KeysPipeline {
  readonly #parts: KeysParts;
  readonly #sessions: Sessions;
  readonly #revocations: Revocations;
  readonly #evictions = new KnownEvictions();
  readonly #unlocks: Unlocks;
  readonly #kekDestructions: KekDestructions;
  readonly #peers: Peers;
  #announcer: Announcer | undefined;

  constructor(parts: KeysParts) {
    this.#parts = parts;
    this.#sessions = new Sessions(parts);
    this.#revocations = new Revocations(parts, this.#sessions);
    const endLeases = (tenantId: Uint8Array): void => void this.#revocations.revoke({ id: randomBytes(16), tenantId });
    const challenges = new Challenges(parts.clock);
    this.#unlocks = new Unlocks(parts, challenges, endLeases);
    this.#kekDestructions = new KekDestructions(parts, challenges, endLeases);
    this.#peers = new Peers(parts, this.#unlocks, parts.peers);
  }

  /** Before any door opens: what was destroyed stays destroyed. Returns how many tombstones stand. */
  async prepare(): Promise<number> {
    const standing = await replayTombstones(this.#parts);
    this.#announcer = new Announcer(this.#parts, this.#revocations, standing);
    await this.#peers.ask();
    return standing;
  }

  /** Before the doors close, which waits for calls in work. */
  close(): void {
    this.#announcer?.close();
    this.#peers.close();
    this.#revocations.close();
  }

  readonly authority: ServiceImpl<typeof AuthorityService> = {
    applyPolicy: async (request) => {
      const applied = await applyPolicy(this.#parts, request);
      // An instance that the new policy leaves out is not to use what the one before gave it.
      void this.#revocations.revoke({ id: randomBytes(16), tenantId: applied.tenantId });
      return applied;
    },
    getPolicy: (request) => getPolicy(this.#parts, request),
    openConversation: (request) => openConversation(this.#parts, request),
    renewConversation: (request) => renewConversation(this.#parts, request),
    listInstances: (request) => listInstances(this.#parts, this.#sessions, request),
    beginUnlock: (request) => this.#unlocks.begin(request),
    unlock: (request) => this.#unlocks.unlock(request),
    rotateKeys: (request) => rotateKeys(this.#parts, request),
    destroyKek: (request) => this.#kekDestructions.destroy(request),
  };

  readonly release: ServiceImpl<typeof ReleaseService> = {
    beginSession: (request, { values }) => this.#sessions.begin(request, channelOf(values)),
    attestSession: (request, { values }) => this.#sessions.attest(request, channelOf(values)),
    releaseKeys: (request, { values }) => releaseKeys(this.#parts, this.#sessions, request, channelOf(values)),
    watchRevocations: (request, { values, signal }) => this.#revocations.watch(request, channelOf(values), signal),
    acknowledgeEviction: (request, { values }) => this.#revocations.acknowledge(request, channelOf(values)),
    shareUnlocks: (request, { values }) => shareUnlocks(this.#parts, this.#sessions, request, channelOf(values)),
  };

  readonly lifecycle: ServiceImpl<typeof LifecycleService> = {
    planDestruction: () => planDestruction(this.#parts),
    destroyBucketKeys: (request) => destroyBucketKeys(this.#parts, request),
    eraseConversation: (request) => eraseConversation(this.#parts, request, (id) => this.#announce(id)),
    issueReceipt: (request) => issueReceipt(this.#parts, request, (id) => this.#evictions.of(id)),
  };

  async #announce(tombstoneId: Uint8Array): Promise<Eviction | undefined> {
    const eviction = await this.#announcer?.announce(tombstoneId);
    if (eviction !== undefined && eviction !== nobody) this.#evictions.note(tombstoneId, eviction);
    return eviction;
  }
}

const channelOf = (values: ContextValues): Channel | undefined => values.get(callerKey).channel;
