import { describe, expect, it } from "@jest/globals";
import { MessagingError, type OutgoingRecord } from "@cloister/messaging";
import { ProduceQueue } from "../../src/kafka/produce-queue.ts";
import type { ProduceRound } from "../../src/kafka/produce-rounds.ts";

const recordOf = (text: string): OutgoingRecord => ({
  topic: "t",
  key: Buffer.from("a"),
  value: Buffer.from(text),
  bucketEndMs: Date.UTC(2026, 0, 1),
});

/** A broker that remembers requests, and takes or refuses them as it is told. */
function broker(refuse: (texts: readonly string[]) => MessagingError | undefined = () => undefined) {
  const requests: string[][] = [];
  let underWay = 0;
  const queue = new ProduceQueue({
    partitionsOf: () => Promise.resolve(2),
    send: async (round: ProduceRound) => {
      expect(++underWay).toBe(1);
      const texts = round.map(({ value }) => value.toString());
      requests.push(texts);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      const refusal = refuse(texts);
      if (refusal !== undefined) throw refusal;
    },
  });
  return { queue, requests };
}

describe("the queue before a producer", () => {
  it("sends one request at a time, and everything that waits in the next one, in order", async () => {
    const { queue, requests } = broker();
    await queue.produce([recordOf("topics are known")]);
    const first = queue.produce([recordOf("1")]);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, queue.produce([recordOf("2"), recordOf("3")]), queue.produce([recordOf("4")])]);
    expect(requests.slice(1)).toEqual([["1"], ["2", "3", "4"]]);
  });

  it("tells every caller of a request that failed, and goes on", async () => {
    let isDown = true;
    const { queue } = broker(() => (isDown ? new MessagingError("LOG_UNAVAILABLE", "down") : undefined));
    const both = await Promise.allSettled([queue.produce([recordOf("1")]), queue.produce([recordOf("2")])]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    isDown = false;
    await expect(queue.produce([recordOf("3")])).resolves.toBeUndefined();
  });

  it("refuses the caller of a record that is too large, and no other", async () => {
    const tooLarge = new MessagingError("RECORD_TOO_LARGE", "too large");
    const { queue, requests } = broker((texts) => (texts.includes("large") ? tooLarge : undefined));
    const [one, two] = await Promise.allSettled([
      queue.produce([recordOf("1"), recordOf("large"), recordOf("2")]),
      queue.produce([recordOf("3")]),
    ]);
    expect(one).toMatchObject({ status: "rejected", reason: { code: "RECORD_TOO_LARGE" } });
    expect(two).toMatchObject({ status: "fulfilled" });
    expect(requests.slice(1)).toEqual([["1"], ["large"], ["2"], ["3"]]);
  });
});
