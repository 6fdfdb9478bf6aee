import { describe, expect, it } from "@jest/globals";
import { setTimeout as delay } from "node:timers/promises";
import { Ticker } from "../src/ticker.ts";

describe("a ticker", () => {
  it("runs once more for a kick that came during a run, and never twice at a time", async () => {
    let runs = 0;
    let most = 0;
    let inWork = 0;
    const ticker = new Ticker(60_000, async () => {
      most = Math.max(most, ++inWork);
      await delay(20);
      runs += 1;
      inWork -= 1;
    });
    ticker.start();
    for (let n = 0; n < 5; n++) ticker.kick();
    await delay(5);
    ticker.kick();
    await delay(80);
    await ticker.stop();
    expect([runs, most]).toEqual([2, 1]);
  });

  it("runs by itself from time to time", async () => {
    let runs = 0;
    const ticker = new Ticker(5, () => Promise.resolve(void (runs += 1)));
    ticker.start();
    await delay(100);
    await ticker.stop();
    expect(runs).toBeGreaterThan(3);
  });

  it("runs no more once it is stopped", async () => {
    let runs = 0;
    const ticker = new Ticker(5, () => Promise.resolve(void (runs += 1)));
    ticker.start();
    await ticker.stop();
    const before = runs;
    ticker.kick();
    await delay(30);
    expect(runs).toBe(before);
  });
});
