import { expect, it, jest } from "@jest/globals";
import { setTimeout as delay } from "node:timers/promises";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { systemClock as clock } from "@cloister/service";
import { describeOnKafka, eventually, Reader, recordOf, silentLog as log } from "@cloister/testing";

// Three brokers start on a machine that may be busy.
jest.setTimeout(120_000);

const PARTITIONS = 12;
const topic = "leaders.v1";

describeOnKafka("the log on three brokers", { brokers: 3 }, (kafka) => {
  it.each([
    ["kafkajs", KafkajsMessageLog],
    ["@platformatic/kafka", PlatformaticMessageLog],
  ])("by %s holds all that was said to be written while a leader of partitions was lost", async (client, Log) => {
    const connection = { brokers: kafka().bootstrapServers, clientId: "leaders", requestTimeoutMs: 4_000 };
    const messages = new Log({ connection, clock, log });
    await messages.ensureTopics([{ name: topic, partitions: PARTITIONS }]);
    const written: string[] = [];
    // Brokers notice after 9 s that one of them is gone, and choose other leaders.
    const until = performance.now() + 20_000;
    const producing = (async () => {
      for (let round = 0; performance.now() < until; round++) {
        // One record for every partition, most likely: a request to each broker.
        const texts = Array.from({ length: 3 * PARTITIONS }, (_, n) => `${client}/${round}/${n}`);
        const isWritten = await messages.produce(texts.map((text) => recordOf(topic, text, text))).then(
          () => true,
          () => false,
        );
        if (isWritten) written.push(...texts);
        else await delay(50);
      }
    })();
    await delay(2_000);
    await kafka().broker(3).kill();
    await producing;
    await kafka().broker(3).start();
    expect(written.length).toBeGreaterThan(10 * PARTITIONS);
    const reader = await Reader.start(messages, { group: `of.${client.replaceAll(/\W/g, "")}`, topics: [topic] });
    await eventually(() => {
      const read = new Set(reader.texts());
      expect(written.filter((text) => !read.has(text))).toEqual([]);
    });
    await messages.close();
  });
});
