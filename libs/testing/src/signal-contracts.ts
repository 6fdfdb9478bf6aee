import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { MAX_LIVE_FRAME_BYTES, type LiveFrames, type WakeUps } from "@cloister/storage";
import { eventually } from "./eventually.ts";

/** Channels of one test alone: what an earlier one said may still be on its way to whoever listens there now. */
const ownChannels = (): { readonly a: string; readonly b: string } => ({ a: randomUUID(), b: randomUUID() });

/** What every adapter of the WakeUps port does. */
export function wakeUpsContract(name: string, factory: () => Promise<WakeUps>): void {
  describe(`${name}: the contract of wake-ups`, () => {
    it("wakes every listener of a channel and none of another", async () => {
      const wakeUps = await factory();
      const { a, b } = ownChannels();
      const woken: string[] = [];
      wakeUps.subscribe(a, () => woken.push("first"));
      wakeUps.subscribe(a, () => woken.push("second"));
      wakeUps.subscribe(b, () => woken.push("other"));
      wakeUps.wake(a);
      await eventually(() => expect(new Set(woken)).toEqual(new Set(["first", "second"])));
      await wakeUps.close();
    });

    it("calls a listener in a later turn, and no more once it has left", async () => {
      const wakeUps = await factory();
      const { a } = ownChannels();
      let woken = 0;
      const leave = wakeUps.subscribe(a, () => (woken += 1));
      wakeUps.wake(a);
      expect(woken).toBe(0);
      await eventually(() => expect(woken).toBeGreaterThan(0));
      leave();
      const before = woken;
      wakeUps.wake(a);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(woken).toBe(before);
      await wakeUps.close();
    });
  });
}

/** What every adapter of the LiveFrames port does. */
export function liveFramesContract(name: string, factory: () => Promise<LiveFrames>): void {
  describe(`${name}: the contract of live frames`, () => {
    it("gives the frames of a channel in their order to whoever listens", async () => {
      const frames = await factory();
      const { a, b } = ownChannels();
      const seen: number[] = [];
      frames.subscribe(a, (frame) => seen.push(...frame));
      frames.subscribe(b, () => seen.push(-1));
      for (const n of [1, 2, 3]) frames.publish(a, Uint8Array.of(n));
      await eventually(() => expect(seen).toEqual([1, 2, 3]));
      await frames.close();
    });

    it("gives every listener of a channel the same frames", async () => {
      const frames = await factory();
      const { a } = ownChannels();
      const seen: [string, number][] = [];
      for (const name of ["first", "second"]) frames.subscribe(a, ([n = -1]) => seen.push([name, n]));
      for (const n of [1, 2]) frames.publish(a, Uint8Array.of(n));
      await eventually(() => expect(seen).toHaveLength(4));
      for (const name of ["first", "second"]) {
        expect(seen.filter(([listener]) => listener === name).map(([, n]) => n)).toEqual([1, 2]);
      }
      await frames.close();
    });

    it("calls a listener in a later turn, and no more once it has left", async () => {
      const frames = await factory();
      const { a } = ownChannels();
      let seen = 0;
      const leave = frames.subscribe(a, () => (seen += 1));
      frames.publish(a, Uint8Array.of(1));
      expect(seen).toBe(0);
      await eventually(() => expect(seen).toBe(1));
      leave();
      frames.publish(a, Uint8Array.of(2));
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(seen).toBe(1);
      await frames.close();
    });

    it("knows whether anybody listens to a channel", async () => {
      const frames = await factory();
      const { a, b } = ownChannels();
      expect(await frames.hasListeners(a)).toBe(false);
      const leave = frames.subscribe(a, () => undefined);
      await eventually(async () => expect(await frames.hasListeners(a)).toBe(true));
      expect(await frames.hasListeners(b)).toBe(false);
      leave();
      await eventually(async () => expect(await frames.hasListeners(a)).toBe(false));
      await frames.close();
    });

    it("carries a frame of 64 KiB and drops a larger one", async () => {
      const frames = await factory();
      const { a } = ownChannels();
      const lengths: number[] = [];
      frames.subscribe(a, ({ length }) => lengths.push(length));
      for (const length of [MAX_LIVE_FRAME_BYTES + 1, MAX_LIVE_FRAME_BYTES, 1]) {
        frames.publish(a, new Uint8Array(length));
      }
      await eventually(() => expect(lengths).toEqual([MAX_LIVE_FRAME_BYTES, 1]));
      await frames.close();
    });

    it("keeps nothing for who comes later", async () => {
      const frames = await factory();
      const { a } = ownChannels();
      const seen: Uint8Array[] = [];
      frames.publish(a, Uint8Array.of(1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      frames.subscribe(a, (frame) => seen.push(frame));
      frames.publish(a, Uint8Array.of(2));
      await eventually(() => expect(seen).toEqual([Uint8Array.of(2)]));
      await frames.close();
    });
  });
}
