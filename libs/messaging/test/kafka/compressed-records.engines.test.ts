import { afterEach, expect, it, jest } from "@jest/globals";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { systemClock } from "@cloister/service";
import { capturedLog, describeOnKafka, eventually, Reader, recordOf } from "@cloister/testing";
import { CompressionTypes, Kafka, logLevel } from "kafkajs";

jest.setTimeout(60_000);

describeOnKafka("compressed records on Kafka, which none of ours writes", {}, (kafka) => {
  const { log, lines } = capturedLog();
  const opened: PlatformaticMessageLog[] = [];
  const open = (): PlatformaticMessageLog => {
    const connection = { brokers: kafka().bootstrapServers, clientId: "compressed", sessionTimeoutMs: 6_000 };
    const one = new PlatformaticMessageLog({ connection, clock: systemClock, log });
    opened.push(one);
    return one;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });

  it("are not unpacked, however small they look, and hold up their own partition alone", async () => {
    const messages = open();
    const topics = ["tenant.a.v1", "tenant.b.v1"];
    const [poisoned = "", other = ""] = topics;
    await messages.ensureTopics(topics.map((name) => ({ name, partitions: 1 })));
    await messages.produce([recordOf(poisoned, "a", "before"), recordOf(other, "b", "before")]);
    const writer = new Kafka({
      clientId: "writer",
      brokers: [...kafka().bootstrapServers],
      logLevel: logLevel.NOTHING,
    });
    const producer = writer.producer();
    await producer.connect();
    const value = Buffer.alloc(64 * 1_024 * 1_024);
    await producer.send({ topic: poisoned, compression: CompressionTypes.GZIP, messages: [{ value }] });
    await producer.disconnect();
    await messages.produce([recordOf(poisoned, "a", "behind")]);

    const reader = await Reader.start(messages, { group: "compressed", topics });
    const texts = (topic: string): string[] =>
      reader.records.filter((one) => one.topic === topic).map(({ value: bytes }) => Buffer.from(bytes).toString());
    await eventually(() => expect([texts(poisoned), texts(other)]).toEqual([["before"], ["before"]]));
    await eventually(() => expect(lines.join("\n")).toContain("its next records are compressed"));
    for (const text of ["one", "two"]) {
      await messages.produce([recordOf(other, "b", text)]);
      await eventually(() => expect(texts(other).at(-1)).toBe(text));
    }
    expect([texts(poisoned), reader.fatal]).toEqual([["before"], []]);
  });
});
