import { describe, expect, it } from "@jest/globals";
import { createWrapKey, parseKeyId, type WrapKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { TurnCache, turnName, type OpenTurn } from "../src/turn-cache.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const tenantId = new Uint8Array(16).fill(1);
const conversationId = new Uint8Array(16).fill(2);

function newKey(): WrapKey {
  return createWrapKey(nodeBackend, {
    key: nodeBackend.randomBytes(32),
    keyId: parseKeyId(nodeBackend.randomBytes(16)),
  });
}

function open(key: WrapKey, question = "What colour has my bicycle?", bucketEndMs = nowMs + 1): OpenTurn {
  return { turn: { question, answer: "Red.", causeId: new Uint8Array(16) }, key, bucketEndMs };
}

describe("the cache of opened turns", () => {
  it("gives a turn to whoever holds the handle that opened it", () => {
    const put = open(newKey());
    const cache = new TurnCache();
    cache.put("a", put);
    expect(cache.get("a", put.key, nowMs)).toBe(put);
  });

  it("gives it to nobody with another handle, though of the same key, and drops it", () => {
    const secret = { key: nodeBackend.randomBytes(32), keyId: parseKeyId(nodeBackend.randomBytes(16)) };
    const cache = new TurnCache();
    cache.put("a", open(createWrapKey(nodeBackend, secret)));
    expect(cache.get("a", createWrapKey(nodeBackend, secret), nowMs)).toBeUndefined();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it("gives nothing once the handle was destroyed, or from the bucket's end on", () => {
    const [lapsed, ended] = [open(newKey()), open(newKey())];
    const cache = new TurnCache();
    cache.put("lapsed", lapsed);
    cache.put("ended", ended);
    lapsed.key.destroy();
    expect(cache.get("lapsed", lapsed.key, nowMs)).toBeUndefined();
    expect(cache.get("ended", ended.key, ended.bucketEndMs)).toBeUndefined();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it("takes nothing whose handle was destroyed before", () => {
    const late = open(newKey());
    late.key.destroy();
    const cache = new TurnCache();
    expect([cache.put("a", late), cache.size]).toEqual([false, 0]);
  });

  it("drops by itself what lost its key or its bucket", () => {
    const [lapsed, ended, live] = [open(newKey()), open(newKey(), "x", nowMs), open(newKey())];
    const cache = new TurnCache();
    cache.put("lapsed", lapsed);
    cache.put("ended", ended);
    cache.put("live", live);
    lapsed.key.destroy();
    cache.sweep(nowMs);
    expect([cache.size, cache.get("live", live.key, nowMs)]).toEqual([1, live]);
  });

  it("lets the least recently used go beyond its bytes", () => {
    const one = new TurnCache();
    const [a, b, c] = [open(newKey()), open(newKey()), open(newKey())];
    one.put("a", a);
    const cache = new TurnCache({ maxBytes: 2 * one.bytes, maxEntries: 10 });
    cache.put("a", a);
    cache.put("b", b);
    cache.get("a", a.key, nowMs);
    cache.put("c", c);
    const held = [cache.get("a", a.key, nowMs), cache.get("b", b.key, nowMs), cache.get("c", c.key, nowMs)];
    expect(held).toEqual([a, undefined, c]);
    expect(cache.bytes).toBe(2 * one.bytes);
  });

  it("lets the least recently used go beyond its number", () => {
    const [a, b] = [open(newKey()), open(newKey())];
    const cache = new TurnCache({ maxBytes: 1_000_000, maxEntries: 1 });
    cache.put("a", a);
    cache.put("b", b);
    expect([cache.get("a", a.key, nowMs), cache.get("b", b.key, nowMs)]).toEqual([undefined, b]);
  });

  it("counts long texts by their length, and keeps none that is larger than all of it", () => {
    const cache = new TurnCache({ maxBytes: 10_000, maxEntries: 10 });
    expect([cache.put("a", open(newKey(), "x".repeat(5_000))), cache.size, cache.bytes]).toEqual([false, 0, 0]);
  });

  it("counts what is put again once", () => {
    const put = open(newKey());
    const cache = new TurnCache();
    cache.put("a", put);
    const { bytes } = cache;
    cache.put("a", put);
    expect([cache.size, cache.bytes]).toEqual([1, bytes]);
  });

  it("holds nothing after it was cleared", () => {
    const cache = new TurnCache();
    cache.put("a", open(newKey()));
    cache.clear();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it("names a turn by its tenant, its conversation and every byte of its envelope", () => {
    const envelope = nodeBackend.randomBytes(300);
    const changed = envelope.map((byte, n) => (n === 299 ? byte ^ 1 : byte));
    const names = [
      turnName({ tenantId, conversationId }, envelope),
      turnName({ tenantId, conversationId }, changed),
      turnName({ tenantId, conversationId }, envelope.subarray(0, 299)),
      turnName({ tenantId: conversationId, conversationId }, envelope),
      turnName({ tenantId, conversationId: tenantId }, envelope),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(turnName({ tenantId, conversationId }, envelope.slice())).toBe(names[0]);
  });
});
