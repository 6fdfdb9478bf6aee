import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { randomBytes } from "node:crypto";
import type { PassageTransaction, SealedPassage, VectorIndex } from "../src/index/vector-index.ts";

export interface IndexUnderTest<Tables> {
  index: VectorIndex<Tables>;
  inTransaction<T>(work: (transaction: PassageTransaction<Tables>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const early = 1_800_000_000_000;
const late = early + 3_600_000;
const nowMs = early - 1;

/** What every adapter of the VectorIndex port has to do. */
export function vectorIndexContract<Tables>(name: string, open: () => Promise<IndexUnderTest<Tables>>): void {
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
      await under.inTransaction((transaction) => under.index.store(transaction, passages));
    }
    async function envelopesIn(...conversationIds: Uint8Array[]): Promise<string[]> {
      return envelopes(await under.index.fetch({ tenantId, conversationIds, nowMs }));
    }

    it("gives back what was stored, as it was", async () => {
      const stored = passage({ subjectRef: randomBytes(16), number: 3 });
      await store(stored);
      const [fetched] = await under.index.fetch({ tenantId, conversationIds: [stored.conversationId], nowMs });
      expect(plain(fetched)).toEqual(plain(stored));
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
      expect(envelopes(await under.index.fetch(scope))).toEqual(envelopes([own]));
      expect(envelopes(await under.index.fetch({ ...scope, subjectRef }))).toEqual(envelopes([own, earlier]));
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
      const scope = { tenantId, conversationIds: [first.conversationId], nowMs };
      expect(envelopes(await under.index.firstPassages(scope))).toEqual(envelopes([first]));
    });

    it("gives nothing of a bucket that has ended", async () => {
      const ended = passage({ bucketEndMs: early });
      await store(ended);
      const scope = { tenantId, conversationIds: [ended.conversationId], nowMs: early };
      expect(await under.index.fetch(scope)).toEqual([]);
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
  });
}

function envelopes(passages: readonly SealedPassage[]): string[] {
  return passages.map(({ envelope }) => Buffer.from(envelope).toString("hex")).sort();
}

function plain(passage: SealedPassage | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(passage ?? {}).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    ]),
  );
}
