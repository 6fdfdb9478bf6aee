import { idToHex } from "@cloister/envelope";
import { bucketEnd, type ConversationRecord, type Keyring, type KeyRequest, type LeasedKeys } from "@cloister/keyring";
import { done, type ConsumedBatch, type RecordResult } from "@cloister/messaging";
import { readSealedMessage, type SealedMessage } from "@cloister/messaging/sealed-events";
import type { Clock } from "@cloister/service";
import { PolicyError, type MessageContext } from "@cloister/policy";
import type { Boundaries, Refusal } from "./boundaries.ts";
import { checkSequence } from "./check-sequence.ts";
import { failureOf } from "./classify.ts";
import { recallConversation, type ConversationState } from "./conversation-state.ts";
import { detectMessage } from "./detect-message.ts";
import type { Detectors } from "./detectors.ts";
import { RedactionError } from "./errors.ts";
import type { ConversationStore, RedactionWrite, StoredConversation } from "./map/conversation-store.ts";
import { mapKeyOf } from "./map/map-entries.ts";
import { openMessage } from "./open-message.ts";
import { redactMessage } from "./redact-message.ts";
import { sealMapDelta, sealMapRow, sealRedacted, sealRefusal, type Origin } from "./seal-outputs.ts";
import { sequenceGap } from "./sequence-gap.ts";
import type { RedactionTables } from "./tables.ts";

export interface RedactionSteps {
  readonly keyring: Keyring;
  readonly store: ConversationStore;
  readonly detectors: Detectors;
  readonly boundaries: Boundaries;
  readonly clock: Clock;
  readonly region?: MessageContext["region"];
}

type Result = RecordResult<RedactionTables, RedactionWrite>;

/** Below what is left at least of each lease: texts may be long, and leases that end in the middle would end each attempt. */
const BATCH_MS = 10_000;

/**
 * lease keys → open and check → sequence → recall the map → detect → refuse what the policy lets nobody send → replace →
 * prove no leak → seal for each reader
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
    const ids = new Map(messages.map(({ envelope }) => [idToHex(envelope.header.conversationId), envelope.header]));
    const stored = await store.load(
      [...ids.values()].map(({ conversationId }) => conversationId),
      clock.nowMs(),
    );
    const keys = await this.#lease(messages, stored);
    const states = new Map<string, ConversationState>();
    const startedAtMs = clock.monotonicMs();
    return messages.map((message, n) => {
      if (n > 0 && clock.monotonicMs() - startedAtMs > BATCH_MS) {
        throw new RedactionError("BATCH_TOO_LONG", "A batch takes longer than its keys may last.");
      }
      return this.#attempt(message, stored, states, keys);
    });
  }

  /** First what opens messages and stored maps, then the map buckets to seal into, which the records decide. */
  async #lease(
    messages: readonly SealedMessage[],
    stored: ReadonlyMap<string, StoredConversation>,
  ): Promise<LeasedKeys> {
    const { keyring, store } = this.#steps;
    const reading = [
      ...messages.flatMap(flowKeysOf),
      ...[...stored.values()].flatMap((one) => one.mapRows.map(mapKeyOf)),
    ];
    const first = await keyring.lease(reading);
    const sealing = messages.flatMap((message) => mapBucketOf(message, first) ?? []);
    await store.prepare(sealing.map(({ bucketEndMs }) => bucketEndMs));
    return keyring.lease([...reading, ...sealing]);
  }

  #attempt(
    message: SealedMessage,
    stored: ReadonlyMap<string, StoredConversation>,
    states: Map<string, ConversationState>,
    keys: LeasedKeys,
  ): Result {
    try {
      return this.#redact(message, stored, states, keys);
    } catch (error) {
      return failureOf(error);
    }
  }

  #redact(
    message: SealedMessage,
    stored: ReadonlyMap<string, StoredConversation>,
    states: Map<string, ConversationState>,
    keys: LeasedKeys,
  ): Result {
    const { clock, detectors, boundaries, keyring, region } = this.#steps;
    const nowMs = clock.nowMs();
    const conversation = keys.conversation(message.envelope.header);
    const opened = openMessage(message, conversation, keys, { nowMs, ...(region && { region }) });
    const id = idToHex(opened.header.conversationId);
    const before = states.get(id) ?? recallConversation(stored.get(id) ?? { row: undefined, mapRows: [] }, keys, nowMs);
    const { window, missing } = checkSequence(before.window, opened.header.senderSeq);
    const mapBucketEndMs = bucketEnd(conversation, "map", opened.header.createdAtMs);
    const origin: Origin = { header: opened.header, conversation, nowMs };
    const gap = missing > 0n ? [sequenceGap(origin)] : [];
    const expiresAtMs = Math.max(before.expiresAtMs, mapBucketEndMs, opened.header.expiresAtMs);

    const detected = detectMessage(opened, detectors.for(conversation.policy));
    const refusal = boundaries.refusalOf(detected, conversation.policy);
    if (refusal !== undefined) {
      requireChat(conversation, refusal);
      const after = { window, memory: before.memory, expiresAtMs };
      states.set(id, after);
      return done([...gap, sealRefusal(origin, refusal, keys)], {
        write: { conversation: rowOf(origin, after), mapRow: undefined },
      });
    }

    const redacted = redactMessage(detected, before.memory, mapBucketEndMs);
    const after: ConversationState = { window, memory: redacted.memory, expiresAtMs };
    states.set(id, after);
    const hasEntries = redacted.entries.length > 0;
    return done(
      [
        ...gap,
        ...(hasEntries ? [sealMapDelta(origin, redacted.entries, keys, keyring.signer)] : []),
        sealRedacted(origin, redacted, keys),
      ],
      {
        write: {
          conversation: rowOf(origin, after),
          mapRow: hasEntries ? sealMapRow(origin, redacted.entries, keys, mapBucketEndMs) : undefined,
        },
      },
    );
  }
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

/** Nothing for a conversation that was refused: its message fails with that refusal later. */
function mapBucketOf({ envelope: { header } }: SealedMessage, keys: LeasedKeys): KeyRequest | undefined {
  const { tenantId, conversationId, createdAtMs } = header;
  let conversation: ConversationRecord;
  try {
    conversation = keys.conversation(header);
  } catch {
    return undefined;
  }
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
