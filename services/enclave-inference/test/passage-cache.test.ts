import { describe, expect, it } from "@jest/globals";
import { createWrapKey, parseKeyId, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { SearchIndex } from "@cloister/retrieval";
import type { OpenedPassage } from "../src/open-passages.ts";
import { PassageCache, type OpenSegment } from "../src/passage-cache.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

function newKey(): WrapKey {
  return createWrapKey(nodeBackend, {
    key: nodeBackend.randomBytes(32),
    keyId: parseKeyId(nodeBackend.randomBytes(16)),
  });
}

function passage(text: string): OpenedPassage {
  return {
    origin: "knowledge",
    causeIdHex: "00",
    name: text,
    title: "",
    text,
    source: undefined,
    vector: Int8Array.of(1),
  };
}

function segment(key: WrapKey, text = "A refund takes five days.", bucketEndMs = nowMs + 1): OpenSegment {
  const names = new Set([text]);
  return { index: new SearchIndex([passage(text)]), names, epoch: 0, revision: 1, bucketEndMs, key };
}

describe("the cache of opened segments", () => {
  it("gives a segment to whoever holds the handle that opened it", () => {
    const key = newKey();
    const cache = new PassageCache();
    const put = segment(key);
    cache.put("a", put);
    expect(cache.get("a", key, nowMs)).toBe(put);
  });

  it("gives it to nobody with another handle, and empties it", () => {
    const cache = new PassageCache();
    const put = segment(newKey());
    cache.put("a", put);
    expect([cache.get("a", newKey(), nowMs), put.index.size, cache.size, cache.bytes]).toEqual([undefined, 0, 0, 0]);
  });

  it("gives nothing once the handle was destroyed: its lease ended, or the key was erased", () => {
    const key = newKey();
    const cache = new PassageCache();
    cache.put("a", segment(key));
    key.destroy();
    expect(cache.get("a", key, nowMs)).toBeUndefined();
  });

  it("gives nothing from its bucket's end on, though the handle lives", () => {
    const key = newKey();
    const cache = new PassageCache();
    cache.put("a", segment(key));
    expect([cache.get("a", key, nowMs + 1), cache.size]).toEqual([undefined, 0]);
  });

  it("counts a segment that was extended and put again as large as it is now", () => {
    const key = newKey();
    const cache = new PassageCache();
    const extended = segment(key);
    cache.put("a", extended);
    extended.index.add([passage("A card costs ten.")]);
    cache.put("a", extended);
    expect([cache.bytes, cache.size]).toEqual([extended.index.bytes, 1]);
  });

  it("empties by itself what lost its key or its bucket", () => {
    const [lapsed, ended, live] = [newKey(), newKey(), newKey()];
    const cache = new PassageCache();
    const segments = [segment(lapsed), segment(ended, "x", nowMs), segment(live)];
    for (const [n, one] of segments.entries()) cache.put(String(n), one);
    lapsed.destroy();
    cache.sweep(nowMs);
    expect(segments.map(({ index }) => index.size)).toEqual([0, 0, 1]);
    expect(cache.size).toBe(1);
  });

  it("keeps no segment that is larger than the cache, and says so", () => {
    const cache = new PassageCache({ maxBytes: 10, maxEntries: 5 });
    expect([cache.put("a", segment(newKey())), cache.size, cache.bytes]).toEqual([false, 0, 0]);
  });

  it("lets the least recently used go beyond its limits, without emptying it under a search", () => {
    const keys = [newKey(), newKey(), newKey()] as const;
    const segments = keys.map((key) => segment(key));
    const cache = new PassageCache({ maxBytes: 1_000_000, maxEntries: 2 });
    cache.put("0", segments[0] ?? segment(keys[0]));
    cache.put("1", segments[1] ?? segment(keys[1]));
    cache.get("0", keys[0], nowMs);
    cache.put("2", segments[2] ?? segment(keys[2]));
    expect([cache.get("0", keys[0], nowMs), cache.get("1", keys[1], nowMs), cache.get("2", keys[2], nowMs)]).toEqual([
      segments[0],
      undefined,
      segments[2],
    ]);
    expect(segments[1]?.index.size).toBe(1);
  });

  it("holds nothing after it was cleared", () => {
    const put = segment(newKey());
    const cache = new PassageCache();
    cache.put("a", put);
    cache.clear();
    expect([put.index.size, cache.size, cache.bytes]).toEqual([0, 0, 0]);
  });

  it("works of one name one after the other, whatever became of the first, and of others meanwhile", async () => {
    const cache = new PassageCache();
    const first = Promise.withResolvers<never>();
    const begun: string[] = [];
    const work = (what: string, result: Promise<string>) => () => {
      begun.push(what);
      return result;
    };
    const one = cache.inTurn("a", work("one", first.promise));
    const two = cache.inTurn("a", work("two", Promise.resolve("two")));
    await expect(cache.inTurn("b", work("other", Promise.resolve("other")))).resolves.toBe("other");
    expect(begun).toEqual(["one", "other"]);
    first.reject(new Error("the database is away"));
    await expect(one).rejects.toThrow("away");
    await expect(two).resolves.toBe("two");
  });
});
