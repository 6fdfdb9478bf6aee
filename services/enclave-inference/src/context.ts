import { idToHex } from "@cloister/envelope";
import { requestText, type ConversationRecord, type KeyLease, type KeySource } from "@cloister/keyring";
import type { SearchIndex, Segment, VectorTransforms } from "@cloister/retrieval";
import type { Kysely } from "kysely";
import pLimit from "p-limit";
import { loadSegment, type SegmentPorts, type WantedSegment } from "./load-segment.ts";
import { maxCandidates, storedSegment, type StoredSegment } from "./nearest-passages.ts";
import type { OpenedPassage } from "./open-passages.ts";
import { logKeyOf, openTurns, turnRows } from "./recall.ts";
import { originOf, scopeOf, vectorKeyOf } from "./scope.ts";
import type { InferenceTables } from "./tables.ts";
import type { RecalledTurn, TurnCache } from "./turn-cache.ts";

/** What a conversation may be answered with, in clear. It lives as long as its batch. */
export interface ConversationContext {
  /** Oldest first. */
  readonly turns: readonly RecalledTurn[];
  readonly passages: readonly SearchIndex<OpenedPassage>[];
  /** What is searched in a store, question by question. */
  readonly stored: readonly StoredSegment[];
}

export interface ContextPorts extends SegmentPorts {
  readonly db: Kysely<InferenceTables>;
  readonly transforms: VectorTransforms;
  readonly keyring: KeySource;
  readonly turnCache: TurnCache;
}

/** Below what `keys` answers in one call. */
const maxKeysPerLease = 4_000;
/** Of one conversation: a person's many other conversations give way to this one and its knowledge bases. */
const maxSegments = 1_000;
/** So many conversations' passages are asked for at once: a database has few connections, and what comes is held in clear. */
const atOnce = 8;
/** Of one conversation; a scope beyond it is searched in its newest part, and the metrics say so. */
const maxPassages = 100_000;

/** The contexts of a batch's conversations, by one call for all keys if it can hold them. Throws for outages alone. */
export async function contextsOf(
  conversations: readonly ConversationRecord[],
  ports: ContextPorts,
  nowMs: number,
): Promise<ConversationContext[]> {
  const scopes = conversations.map((conversation) => scopeOf(conversation, nowMs));
  const [turns, segments] = await Promise.all([
    turnRows(ports.db, conversations, nowMs),
    ports.passages.segments(scopes),
  ]);
  const sealed = conversations.map((conversation, n) => ({
    conversation,
    turns: turns[n] ?? [],
    segments: nearest(segments[n] ?? [], conversation),
  }));
  const wanted = sealed.map((one) => [...one.turns.map(logKeyOf), ...one.segments.map(vectorKeyOf)]);
  const isOneCall = new Set(wanted.flat().map(requestText)).size <= maxKeysPerLease;
  const shared = isOneCall ? await ports.keyring.lease(wanted.flat()) : undefined;
  const limit = pLimit(atOnce);
  return limit.map(sealed, async ({ conversation, turns, segments }, n) => {
    const lease = shared ?? (await ports.keyring.lease(wanted[n] ?? []));
    return {
      turns: openTurns(turns, conversation, { keys: lease, turnCache: ports.turnCache, nowMs }),
      ...(await searchedSegments(segments, conversation, lease, { ports, nowMs })),
    };
  });
}

async function searchedSegments(
  segments: readonly Segment[],
  conversation: ConversationRecord,
  lease: KeyLease,
  { ports, nowMs }: { readonly ports: ContextPorts; readonly nowMs: number },
): Promise<Pick<ConversationContext, "passages" | "stored">> {
  const passages: SearchIndex<OpenedPassage>[] = [];
  const stored: StoredSegment[] = [];
  let room = maxPassages;
  for (const segment of segments) {
    const admitted = admittedTo(segment, conversation, lease);
    if (admitted === undefined) continue;
    if (room <= 0) {
      ports.searches.segment("left out");
      continue;
    }
    const wanted = { ...admitted, limit: room };
    if (isInStore(wanted, conversation)) {
      const transform = () => ports.transforms.of(lease.transformKey(vectorKeyOf(segment)));
      stored.push(storedSegment(wanted, transform, ports, nowMs));
      room -= maxCandidates;
      continue;
    }
    const index = await loadSegment(wanted, ports, nowMs);
    room -= index.size;
    passages.push(index);
  }
  return { passages, stored };
}

/** By the policy in force: one that allows protected vectors no more has them searched nowhere. */
function isInStore({ segment, origin }: WantedSegment, { policy }: ConversationRecord): boolean {
  return policy.vectors === "protected" && origin === "knowledge" && segment.protectedIn !== undefined;
}

/** Undefined for a segment that is out of scope, or that nobody may open any more. */
function admittedTo(
  segment: Segment,
  conversation: ConversationRecord,
  lease: KeyLease,
): Omit<WantedSegment, "limit"> | undefined {
  try {
    const origin = originOf(segment, conversation, lease);
    return origin && { segment, origin, key: lease.openingKey(vectorKeyOf(segment)) };
  } catch {
    return undefined;
  }
}

/** This conversation and its knowledge bases first; of each the newest first. */
function nearest(segments: readonly Segment[], { conversationId, knowledgeBases }: ConversationRecord): Segment[] {
  const near = new Set([conversationId, ...knowledgeBases].map(idToHex));
  const isNear = (segment: Segment) => near.has(idToHex(segment.conversationId));
  const nearestFirst = [...segments.filter(isNear), ...segments.filter((segment) => !isNear(segment))];
  return nearestFirst.slice(0, maxSegments);
}
