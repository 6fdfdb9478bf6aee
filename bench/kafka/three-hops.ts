import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../envelope/measure.ts";
import type { Contender, Message } from "./contender.ts";

export interface HopOptions {
  readonly messages: number;
  readonly messageBytes: number;
  /** For the latencies: a rate that every contender keeps up with. */
  readonly perSecond: number;
}

export interface HopFigures {
  readonly perSecond: number;
  readonly cpuUsPerMessage: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const IN_FLIGHT = 512;
const CONVERSATIONS = 251;
const WARM_UP = 2_000;

/**
 * Messages over three topics and two programs that pass them on without any work, all in this process: first as fast as it
 * goes with so many under way, then one by one at a steady rate.
 */
export async function threeHops(contender: Contender, run: string, options: HopOptions): Promise<HopFigures> {
  const [first, second, third] = [1, 2, 3].map((n) => `bench.${run}.hop${String(n)}`) as [string, string, string];
  await contender.ensureTopics([first, second, third]);
  const since = new Map<number, number>();
  const tookMs: number[] = [];
  await contender.consume(first, (messages) => contender.send(second, messages));
  await contender.consume(second, (messages) => contender.send(third, messages));
  await contender.consume(third, (messages) => {
    const nowMs = performance.now();
    for (const { value } of messages) {
      const number = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readUInt32BE();
      const sentMs = since.get(number);
      // A second time: at least once is what a log promises.
      if (sentMs === undefined) continue;
      since.delete(number);
      tookMs.push(nowMs - sentMs);
    }
    return Promise.resolve();
  });
  const numbered = numberedMessages(options.messageBytes, since);
  const asFastAsItGoes = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count;) {
      const room = Math.min(IN_FLIGHT - since.size, count - sent);
      if (room > 0) void contender.send(first, Array.from({ length: room }, numbered));
      sent += room;
      await delay(1);
    }
    while (since.size > 0) await delay(1);
  };
  await asFastAsItGoes(WARM_UP);
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await asFastAsItGoes(options.messages);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  tookMs.length = 0;
  const steadyMs = performance.now();
  for (let sent = 0; sent < options.messages / 10; sent++) {
    const aheadMs = steadyMs + (sent * 1_000) / options.perSecond - performance.now();
    if (aheadMs > 0) await delay(aheadMs);
    void contender.send(first, [numbered()]);
  }
  while (since.size > 0) await delay(1);
  return {
    perSecond: (options.messages * 1_000) / elapsedMs,
    cpuUsPerMessage: (user + system) / options.messages,
    p50Ms: percentile(tookMs, 0.5),
    p95Ms: percentile(tookMs, 0.95),
  };
}

function numberedMessages(bytes: number, since: Map<number, number>): () => Message {
  let number = 0;
  return () => {
    const value = Buffer.alloc(bytes, number % 251);
    value.writeUInt32BE(++number);
    since.set(number, performance.now());
    return { key: Buffer.alloc(16, number % CONVERSATIONS), value };
  };
}
