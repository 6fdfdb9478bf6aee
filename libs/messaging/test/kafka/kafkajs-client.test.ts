import { describe, expect, it } from "@jest/globals";
import { CompressionCodecs } from "kafkajs";
import { openKafkajs } from "../../src/kafka/kafkajs/kafkajs-client.ts";

describe("a client by kafkajs", () => {
  it("unpacks nothing: a batch that brokers find small enough may hold gigabytes", () => {
    openKafkajs({ brokers: ["127.0.0.1:1"], clientId: "a" });
    for (const codec of Object.values<() => unknown>(CompressionCodecs)) expect(codec).toThrow("not implemented");
  });
});
