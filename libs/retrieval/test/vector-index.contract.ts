import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { randomBytes } from "node:crypto";
import type {
  PassageScope,
  PassageTransaction,
  ProtectedStoreName,
  SealedPassage,
  Segment,
  VectorIndex,
} from "../src/index/vector-index.ts";

export interface IndexUnderTest<Tables> {
  index: VectorIndex<Tables>;
  inTransaction<T>(work: (transaction: PassageTransaction<Tables>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const early = 1_800_000_000_000;
const late = early + 3_600_000;
const nowMs = early - 1;

/** The numbers of the vectors that are stored. */
export const contractDimension = 4;

/**
 * What every adapter of the VectorIndex port has to do. `protectedIn`: of one that keeps protected vectors, how segments
 * name it.
 */
export function vectorIndexContract<Tables>(
  name: string,
  open: () => Promise<IndexUnderTest<Tables>>,
  protectedIn?: ProtectedStoreName,
): void {
  describe(`${name} as a VectorIndex`, () => {
    let under: IndexUnderTest<Tables>;
    const tenantId = randomBytes(16);

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    function passage(rest: Partial<SealedPassage> = {}): SealedPassage {
      const ids = { tenantId, conversationId: randomBytes(16), causeId: randomBytes(16) };
      return { ...ids, number: 0, bucketEndMs: late, envelope: randomBytes(64), ...rest };
    }
    async function store(...passages: SealedPassage[]): Promise<void> {
      await under.index.prepare(passages.map(({ bucketEndMs }) => bucketEndMs));
      await under.index.stage(passages);
      await under.inTransaction((transaction) => under.index.store(transaction, passages));
    }
    const all = { afterRevision: -1, limit: 1_000 };
    async function fetched(scope: PassageScope): Promise<SealedPassage[]> {
      const [segments = []] = await under.index.segments([scope]);
      return (await Promise.all(segments.map((segment) => under.index.passages(segment, all)))).flat();
    }
    async function segmentOf({ conversationId }: SealedPassage): Promise<Segment> {
      const [[segment] = []] = await under.index.segments([{ tenantId, conversationIds: [conversationId], nowMs }]);
      if (segment === undefined) throw new Error("the conversation has a segment");
      return segment;
    }
    async function envelopesIn(...conversationIds: Uint8Array[]): Promise<string[]> {
      return envelopes(await fetched({ tenantId, conversationIds, nowMs }));
    }

    it("gives back what was stored, as it was", async () => {
      const stored = passage({ subjectRef: randomBytes(16), number: 3 });
      await store(stored);
      const [found] = await fetched({ tenantId, conversationIds: [stored.conversationId], nowMs });
      expect(plain(found)).toEqual(plain(stored));
    });

    it("gives the passages of the scope's conversations and no other's", async () => {
      const [one, two, other] = [passage(), passage(), passage()];
      await store(one, two, other);
      expect(await envelopesIn(one.conversationId, two.conversationId)).toEqual(envelopes([one, two]));
    });

    it("gives nothing of another tenant, whatever the conversation", async () => {
      const foreign = passage({ tenantId: randomBytes(16) });
      await store(foreign);
      expect(await envelopesIn(foreign.conversationId)).toEqual([]);
    });

    it("adds a subject's passages when asked to", async () => {
      const subjectRef = randomBytes(16);
      const own = passage({ subjectRef });
      const earlier = passage({ subjectRef });
      await store(own, earlier);
      const scope = { tenantId, conversationIds: [own.conversationId], nowMs };
      expect(envelopes(await fetched(scope))).toEqual(envelopes([own]));
      expect(envelopes(await fetched({ ...scope, subjectRef }))).toEqual(envelopes([own, earlier]));
    });

    it("gives each of many scopes its own, of several tenants at once", async () => {
      const subjectRef = randomBytes(16);
      const [one, two] = [passage({ subjectRef }), passage({ subjectRef })];
      const foreign = passage({ tenantId: randomBytes(16), subjectRef });
      await store(one, two);
      await store(foreign);
      const segments = await under.index.segments([
        { tenantId, conversationIds: [two.conversationId], nowMs },
        { tenantId: foreign.tenantId, conversationIds: [one.conversationId, foreign.conversationId], nowMs },
        { tenantId, conversationIds: [], nowMs },
        { tenantId, conversationIds: [], subjectRef, nowMs },
        { tenantId, conversationIds: [one.conversationId], nowMs: late },
      ]);
      const conversations = segments.map((scope) =>
        scope.map(({ conversationId }) => Buffer.from(conversationId).toString("hex")).sort(),
      );
      const [ofOne, ofTwo, ofForeign] = [one, two, foreign].map(({ conversationId }) =>
        Buffer.from(conversationId).toString("hex"),
      );
      expect(conversations).toEqual([[ofTwo], [ofForeign], [], [ofOne, ofTwo].sort(), []]);
    });

    it("tells what was added since a revision, and gives that alone", async () => {
      const first = passage();
      await store(first);
      const before = await segmentOf(first);
      const second = { ...passage(), conversationId: first.conversationId };
      await store(second);
      const after = await segmentOf(first);
      expect([after.revision > before.revision, after.epoch]).toEqual([true, before.epoch]);
      const added = await under.index.passages(after, { afterRevision: before.revision, limit: 10 });
      expect(envelopes(added)).toEqual(envelopes([second]));
    });

    it("tells by another epoch that passages were removed", async () => {
      const removed = passage();
      await store(removed);
      const before = await segmentOf(removed);
      await under.inTransaction((transaction) => under.index.remove(transaction, [removed]));
      expect((await segmentOf(removed)).epoch).not.toBe(before.epoch);
    });

    it("gives the newest messages of a segment when there are more than asked for", async () => {
      const conversationId = randomBytes(16);
      const [older, newer] = [1, 2].map((n) => passage({ conversationId, causeId: Buffer.alloc(16, n) }));
      if (older === undefined || newer === undefined) throw new Error("there are two");
      await store(older, newer);
      const newest = await under.index.passages(await segmentOf(older), { afterRevision: -1, limit: 1 });
      expect(envelopes(newest)).toEqual(envelopes([newer]));
    });

    it("stores a passage once", async () => {
      const twice = passage();
      await store(twice);
      await store(twice);
      expect(await envelopesIn(twice.conversationId)).toHaveLength(1);
    });

    it("keeps nothing of a transaction that failed", async () => {
      const lost = passage();
      await under.index.prepare([lost.bucketEndMs]);
      const failing = under.inTransaction(async (transaction) => {
        await under.index.store(transaction, [lost]);
        throw new Error("rolled back");
      });
      await expect(failing).rejects.toThrow("rolled back");
      expect(await envelopesIn(lost.conversationId)).toEqual([]);
    });

    it("removes what was cut from one document and nothing else", async () => {
      const replaced = passage();
      const second = { ...replaced, number: 1, envelope: randomBytes(64) };
      const kept = passage({ conversationId: replaced.conversationId });
      await store(replaced, second, kept);
      await under.inTransaction((transaction) => under.index.remove(transaction, [replaced]));
      expect(await envelopesIn(kept.conversationId)).toEqual(envelopes([kept]));
    });

    it("tells documents apart by their first passages", async () => {
      const first = passage();
      const second = { ...first, number: 1 };
      await store(first, second);
      expect(envelopes(await under.index.firstPassages(first, nowMs))).toEqual(envelopes([first]));
    });

    it("gives nothing of a bucket that has ended", async () => {
      const ended = passage({ bucketEndMs: early });
      await store(ended);
      const scope = { tenantId, conversationIds: [ended.conversationId], nowMs: early };
      expect(await fetched(scope)).toEqual([]);
    });

    it("drops a bucket with its passages, and makes it again when needed", async () => {
      const bucketEndMs = late + 3_600_000;
      const dropped = passage({ bucketEndMs });
      await store(dropped);
      expect(await under.index.dropBucket(bucketEndMs)).toBe(true);
      expect(await under.index.dropBucket(bucketEndMs)).toBe(false);
      expect(await envelopesIn(dropped.conversationId)).toEqual([]);
      await store(dropped);
      expect(await envelopesIn(dropped.conversationId)).toHaveLength(1);
    });

    it("finds nothing in an empty scope", async () => {
      expect(await envelopesIn()).toEqual([]);
    });

    it("wants a segment to be searched in memory whose vectors are only sealed", async () => {
      const sealed = passage();
      await store(sealed);
      const segment = await segmentOf(sealed);
      expect(segment.protectedIn).toBeUndefined();
      expect(await under.index.nearest(segment, axis(0), 10)).toBeUndefined();
    });

    if (protectedIn !== undefined) describeProtected(protectedIn);

    function describeProtected(storeName: ProtectedStoreName): void {
      const withVector = (vector: Float32Array, rest: Partial<SealedPassage> = {}) =>
        passage({ protection: { vector }, ...rest });
      const nearestTo = async (probe: Float32Array, one: SealedPassage, limit = 10) =>
        (await under.index.nearest(await segmentOf(one), probe, limit))?.map(plain);

      it("finds a segment's passages by their protected vectors, nearest first", async () => {
        const conversationId = randomBytes(16);
        const [far, near, nearer] = [
          withVector(axis(1), { conversationId }),
          withVector(Float32Array.of(0.6, 0.8, 0, 0), { conversationId, number: 7 }),
          withVector(axis(0), { conversationId }),
        ];
        await store(far, near, nearer);
        expect((await segmentOf(far)).protectedIn).toBe(storeName);
        expect(await nearestTo(axis(0), far, 2)).toEqual([nearer, near].map(stored));
      });

      it("finds nothing of another conversation, tenant or bucket", async () => {
        const own = withVector(axis(2));
        const { conversationId } = own;
        await store(own, withVector(axis(0)), withVector(axis(0), { conversationId, bucketEndMs: early }));
        await store(withVector(axis(0), { conversationId, tenantId: randomBytes(16) }));
        const [segments = []] = await under.index.segments([{ tenantId, conversationIds: [conversationId], nowMs }]);
        const found = await Promise.all(segments.map((one) => under.index.nearest(one, axis(2), 10)));
        expect(found.flat().map((one) => one?.bucketEndMs)).toEqual([late, early]);
      });

      it("doesn't find what was staged for a transaction that failed", async () => {
        const kept = withVector(axis(1));
        await store(kept);
        const lost = withVector(axis(0), { conversationId: kept.conversationId });
        await under.index.stage([lost]);
        expect(await nearestTo(axis(0), kept)).toEqual([stored(kept)]);
      });

      it("finds neither what was removed nor what a message that came again has staged anew", async () => {
        const kept = withVector(axis(1));
        const removed = withVector(axis(0), { conversationId: kept.conversationId });
        await store(kept, removed);
        await under.inTransaction((transaction) => under.index.remove(transaction, [removed]));
        await under.index.stage([removed]);
        expect(await nearestTo(axis(0), kept)).toEqual([stored(kept)]);
      });

      it("counts a passage without a vector as one that no vector would find", async () => {
        const known = withVector(axis(0));
        await store(known, passage({ conversationId: known.conversationId, protection: {} }));
        expect(await nearestTo(axis(0), known)).toEqual([stored(known)]);
      });

      it("wants the whole segment searched in memory once one of its passages is only sealed", async () => {
        const known = withVector(axis(0));
        await store(known);
        await store(passage({ conversationId: known.conversationId }));
        expect(await nearestTo(axis(0), known)).toBeUndefined();
        await store(withVector(axis(0), { conversationId: known.conversationId }));
        expect(await nearestTo(axis(0), known)).toBeUndefined();
      });

      it("drops a bucket's vectors with it", async () => {
        const bucketEndMs = late + 7_200_000;
        const dropped = withVector(axis(0), { bucketEndMs });
        await store(dropped);
        await under.index.dropBucket(bucketEndMs);
        await store(withVector(axis(1), { bucketEndMs, conversationId: dropped.conversationId }));
        expect(await nearestTo(axis(0), dropped)).toHaveLength(1);
      });
    }
  });
}

function envelopes(passages: readonly SealedPassage[]): string[] {
  return passages.map(({ envelope }) => Buffer.from(envelope).toString("hex")).sort();
}

function axis(n: number): Float32Array {
  return Float32Array.from({ length: contractDimension }, (_, k) => (k === n ? 1 : 0));
}

/** As it comes back: what protects it doesn't. */
function stored({ protection: _, ...rest }: SealedPassage): Record<string, unknown> {
  return plain(rest);
}

function plain(passage: SealedPassage | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(passage ?? {}).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    ]),
  );
}
