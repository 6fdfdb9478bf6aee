import { describe, expect, it } from "@jest/globals";
import { FakeClock } from "@cloister/testing";
import { LeaseStore } from "../src/lease-store.ts";

class Handle {
  isDestroyed = false;
  destroy(): void {
    this.isDestroyed = true;
  }
}

function setUp(capacity = 10) {
  const clock = new FakeClock();
  const store = new LeaseStore<Handle>(clock, capacity, (handle) => handle.destroy());
  const put = (name: string, lifeMs = 60_000, notAfterMs = clock.nowMs() + 10 * 60_000, value = new Handle()) => {
    store.put(name, { value, endsAtMs: clock.monotonicMs() + lifeMs, notAfterMs });
    return value;
  };
  return { clock, store, put };
}

describe("a lease store", () => {
  it("gives a lease until its end, on the monotonic clock", () => {
    const { clock, store, put } = setUp();
    const handle = put("a");
    clock.advance(59_999);
    expect(store.get("a")?.value).toBe(handle);
    clock.advance(1);
    expect(store.get("a")).toBeUndefined();
  });

  it("gives nothing past not_after, though the lease goes on", () => {
    const { clock, store, put } = setUp();
    put("a", 60_000, clock.nowMs() + 1_000);
    clock.advance(1_000);
    expect(store.get("a")).toBeUndefined();
  });

  it("gives nothing that has too little time left", () => {
    const { clock, store, put } = setUp();
    put("a");
    clock.advance(50_000);
    expect([store.get("a", 10_000), store.get("a", 10_001)]).toEqual([expect.anything(), undefined]);
  });

  it("destroys what has ended when swept, and only that", () => {
    const { clock, store, put } = setUp();
    const [short, long] = [put("short", 1_000), put("long")];
    clock.advance(1_000);
    store.sweep();
    expect([short.isDestroyed, long.isDestroyed, store.size]).toEqual([true, false, 1]);
  });

  it("keeps a handle that is renewed, and destroys one that is replaced", () => {
    const { put } = setUp();
    const kept = put("a");
    put("a", 60_000, undefined, kept);
    expect(kept.isDestroyed).toBe(false);
    put("a");
    expect(kept.isDestroyed).toBe(true);
  });

  it("gives up the oldest when it is full", () => {
    const { store, put } = setUp(2);
    const [first, second] = [put("a"), put("b")];
    put("a", 60_000, undefined, first);
    put("c");
    expect([first.isDestroyed, second.isDestroyed, store.size]).toEqual([false, true, 2]);
  });

  it("destroys everything when cleared", () => {
    const { store, put } = setUp();
    const handles = [put("a"), put("b")];
    store.clear();
    expect(handles.every((handle) => handle.isDestroyed)).toBe(true);
  });
});
