import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { idToHex } from "@cloister/envelope";
import { bucketEnd, type ConversationRecord, type KeyLease, type KeyRequest, type KeySource } from "@cloister/keyring";
import { done, type ConsumedBatch, type Failed, type RecordResult } from "@cloister/messaging";
import { readSealedMessage, type SealedMessage } from "@cloister/messaging/sealed-events";
import type { Clock } from "@cloister/service";
import { PolicyError, type MessageContext, type RedactionRules } from "@cloister/policy";
import type { Boundaries, Refusal } from "./boundaries.ts";
import { checkSequence } from "./check-sequence.ts";
import { failureOf } from "./classify.ts";
import { recallConversation, type ConversationState } from "./conversation-state.ts";
import { RedactionError } from "./errors.ts";
import type { ConversationStore, RedactionWrite, StoredConversation } from "./map/conversation-store.ts";
import { mapKeyOf, type MapAddition } from "./map/map-entries.ts";
import { openMessage, type OpenedMessage } from "./open-message.ts";
import { sealMapDelta, sealMapRow, sealRedacted, sealRefusal, type Origin } from "./seal-outputs.ts";
import { sequenceGap } from "./sequence-gap.ts";
import type { RedactionTables } from "./tables.ts";
import type { Redactor } from "./text-work/redactor.ts";

export interface RedactionSteps {
  readonly keyring: KeySource;
  readonly store: ConversationStore;
  readonly redactor: Redactor;
  readonly boundaries: Boundaries;
  readonly clock: Clock;
  readonly region?: MessageContext["region"];
}

type Result = RecordResult<RedactionTables, RedactionWrite>;

/** A message in clear, and what is made of it for its readers. */
interface ReceivedMessage {
  readonly opened: OpenedMessage;
  readonly origin: Origin;
}

/** So many messages are opened, in a few milliseconds, before others have their turn. */
const OPENED_AT_ONCE = 16;
/** Below what is left at least of each lease: texts may be long, and leases that end in the middle would end each attempt. */
const BATCH_MS = 10_000;
const HASH_KEY_BYTES = 32;

/**
 * lease keys → open and check all → one by one: sequence → recall the map → detect → refuse what the policy lets nobody
 * send → replace → prove no leak → seal for each reader
 */
export class RedactionPipeline {
  readonly #steps: RedactionSteps;

  constructor(steps: RedactionSteps) {
    this.#steps = steps;
  }

  /** @throws RedactionError BATCH_TOO_LONG, never for a single record: the consumer goes on with each half */
  async run(batch: ConsumedBatch): Promise<Result[]> {
    const { store, clock } = this.#steps;
    const messages = batch.records.map(({ record }) => readSealedMessage(record));
    const stored = await store.load(
      messages.map(({ envelope }) => envelope.header),
      clock.nowMs(),
    );
    const { keys, refused } = await this.#lease(messages, stored);
    const startedAtMs = clock.monotonicMs();
    const opened = await this.#openAll(messages, refused, keys);
    const states = new Map<string, ConversationState>();
    const results: Result[] = [];
    // One after the other: a message is redacted by what the one before it left.
    for (const message of opened) {
      if (results.length > 0 && clock.monotonicMs() - startedAtMs > BATCH_MS) {
        throw new RedactionError("BATCH_TOO_LONG", "A batch takes longer than its keys may last.");
      }
      results.push("status" in message ? message : await this.#attempt(message, stored, states, keys));
      await setImmediate(); // others' work between two messages, however many come at once
    }
    return results;
  }

  /** Before any is redacted: ciphers that run one after the other find their code in the processor's caches. */
  async #openAll(
    messages: readonly SealedMessage[],
    refused: ReadonlyMap<SealedMessage, Failed>,
    keys: KeyLease,
  ): Promise<(ReceivedMessage | Failed)[]> {
    const opened: (ReceivedMessage | Failed)[] = [];
    for (const message of messages) {
      if (opened.length > 0 && opened.length % OPENED_AT_ONCE === 0) await setImmediate();
      opened.push(refused.get(message) ?? this.#open(message, keys));
    }
    return opened;
  }

  #open(message: SealedMessage, keys: KeyLease): ReceivedMessage | Failed {
    const { clock, region } = this.#steps;
    const nowMs = clock.nowMs();
    try {
      const conversation = keys.conversation(message.envelope.header);
      const opened = openMessage(message, conversation, keys, { nowMs, ...(region && { region }) });
      return { opened, origin: { header: opened.header, conversation, nowMs } };
    } catch (error) {
      return failureOf(error);
    }
  }

  /**
   * First what opens messages and stored maps, then the map buckets to seal into, which the records decide. What was
   * refused at first stays refused for this batch: its KMS may be back by the second call, which asked for no map key.
   */
  async #lease(
    messages: readonly SealedMessage[],
    stored: ReadonlyMap<string, StoredConversation>,
  ): Promise<{ readonly keys: KeyLease; readonly refused: ReadonlyMap<SealedMessage, Failed> }> {
    const { keyring, store } = this.#steps;
    const reading = [
      ...messages.flatMap(flowKeysOf),
      ...[...stored.values()].flatMap((one) => one.mapRows.map(mapKeyOf)),
    ];
    const first = await keyring.lease(reading);
    const refused = new Map<SealedMessage, Failed>();
    const sealing: KeyRequest[] = [];
    for (const message of messages) {
      try {
        sealing.push(mapKeyFor(message, first));
      } catch (error) {
        refused.set(message, failureOf(error));
      }
    }
    await store.prepare(sealing.map(({ bucketEndMs }) => bucketEndMs));
    return { keys: await keyring.lease([...reading, ...sealing]), refused };
  }

  async #attempt(
    message: ReceivedMessage,
    stored: ReadonlyMap<string, StoredConversation>,
    states: Map<string, ConversationState>,
    keys: KeyLease,
  ): Promise<Result> {
    try {
      return await this.#redact(message, stored, states, keys);
    } catch (error) {
      return failureOf(error);
    }
  }

  async #redact(
    { opened, origin }: ReceivedMessage,
    stored: ReadonlyMap<string, StoredConversation>,
    states: Map<string, ConversationState>,
    keys: KeyLease,
  ): Promise<Result> {
    const { redactor, boundaries, keyring } = this.#steps;
    const { conversation, nowMs } = origin;
    const id = idToHex(opened.header.conversationId);
    const before = states.get(id) ?? recallConversation(stored.get(id) ?? { row: undefined, mapRows: [] }, keys, nowMs);
    const { window, missing } = checkSequence(before.window, opened.header.senderSeq);
    const mapBucketEndMs = bucketEnd(conversation, "map", opened.header.createdAtMs);
    const gap = missing > 0n ? [sequenceGap(origin)] : [];
    const expiresAtMs = Math.max(before.expiresAtMs, mapBucketEndMs, opened.header.expiresAtMs);

    const detected = await redactor.detect(opened, conversation.policy);
    const refusal = boundaries.refusalOf(detected, conversation.policy);
    if (refusal !== undefined) {
      requireChat(conversation, refusal);
      const after = { ...before, window, expiresAtMs };
      states.set(id, after);
      return done([...gap, sealRefusal(origin, refusal, keys)], {
        write: { conversation: rowOf(origin, after), mapRow: undefined },
      });
    }

    const actions = conversation.policy.redaction?.actions ?? {};
    const newHashKey = before.hashKey === undefined && hashes(actions) ? randomBytes(HASH_KEY_BYTES) : undefined;
    const hashKey = newHashKey ?? before.hashKey;
    const redacted = await redactor.redact(detected, before.memory, {
      expiresAtMs: mapBucketEndMs,
      actions,
      ...(hashKey && { hashKey }),
    });
    const after: ConversationState = { window, memory: redacted.memory, expiresAtMs, hashKey };
    states.set(id, after);
    const addition: MapAddition = { entries: redacted.entries, hashKey: newHashKey };
    const delta = sealMapDelta(origin, addition, keys, keyring.signer);
    const isStored = addition.entries.length > 0 || newHashKey !== undefined;
    return done([...gap, ...(delta === undefined ? [] : [delta]), sealRedacted(origin, redacted, keys)], {
      write: {
        conversation: rowOf(origin, after),
        mapRow: isStored ? sealMapRow(origin, addition, keys, mapBucketEndMs) : undefined,
      },
    });
  }
}

function hashes(actions: NonNullable<RedactionRules["actions"]>): boolean {
  return Object.values(actions).includes("hash");
}

/** Nobody answers in a knowledge base: whoever imports is told the code alone. @throws PolicyError the refusal's code */
function requireChat({ kind }: ConversationRecord, { code, sentence }: Refusal): void {
  if (kind !== "chat") throw new PolicyError(code, sentence);
}

function flowKeysOf({ envelope: { header } }: SealedMessage): KeyRequest[] {
  const { tenantId, conversationId, expiresAtMs: bucketEndMs } = header;
  return [
    { tenantId, conversationId, purpose: "inbound", bucketEndMs },
    { tenantId, conversationId, purpose: "flow", bucketEndMs },
  ];
}

/** @throws KeyringError when the conversation was refused */
function mapKeyFor({ envelope: { header } }: SealedMessage, keys: KeyLease): KeyRequest {
  const { tenantId, conversationId, createdAtMs } = header;
  const conversation = keys.conversation(header);
  return { tenantId, conversationId, purpose: "map", bucketEndMs: bucketEnd(conversation, "map", createdAtMs) };
}

function rowOf({ header }: Origin, state: ConversationState): RedactionWrite["conversation"] {
  return {
    tenant_id: header.tenantId,
    conversation_id: header.conversationId,
    counters: JSON.stringify(state.memory.counters()),
    highest_seq: Number(state.window.highest),
    seen: state.window.seen,
    expires_at_ms: state.expiresAtMs,
  };
}
