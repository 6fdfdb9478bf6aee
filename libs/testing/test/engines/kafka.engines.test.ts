import { createConnection } from "node:net";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect as connectTls } from "node:tls";
import { expect, it, jest } from "@jest/globals";
import { describeOnKafka, eventually } from "@cloister/testing";
import type { KafkaBroker } from "@cloister/testing/engines";

jest.setTimeout(120_000);

/** Connects, or rejects. */
async function connect({ address }: KafkaBroker): Promise<void> {
  const [host, port] = address.split(":");
  const socket = createConnection({ host: host ?? "", port: Number(port) });
  await once(socket, "connect");
  socket.destroy();
}

describeOnKafka("Kafka of one broker", { properties: {} }, (kafka) => {
  it("answers on the address that it gives", async () => {
    expect(kafka().bootstrapServers).toEqual([kafka().broker(1).address]);
    await connect(kafka().broker(1));
  });

  it("writes into the folder that it gives", () => {
    expect(kafka().dataFolders.map((folder) => existsSync(`${folder}/meta.properties`))).toEqual([true]);
  });

  it("is gone when it is killed, and comes back on the same port", async () => {
    const broker = kafka().broker(1);
    const before = broker.pid;
    await broker.kill("SIGKILL");
    await expect(connect(broker)).rejects.toThrow();
    await broker.start();
    await connect(broker);
    expect(broker.pid).not.toBe(before);
  });
});

describeOnKafka("Kafka of three brokers", { brokers: 3 }, (kafka) => {
  it("keeps running when one of them is lost", async () => {
    expect(kafka().bootstrapServers).toHaveLength(3);
    await kafka().broker(2).kill();
    await eventually(() => connect(kafka().broker(1)));
    expect(kafka().brokers.map(({ isRunning }) => isRunning)).toEqual([true, false, true]);
  });
});

const users = [{ name: "admin", password: "a-password" }];
const guarded = { sasl: { users }, tls: true, authorizer: { superUsers: ["admin"] } };

describeOnKafka("Kafka with logins over TLS", guarded, (kafka) => {
  it("shows a certificate that its caFile proves", async () => {
    const { caFile } = kafka();
    if (caFile === undefined) throw new Error("tls brings a caFile");
    const [host = "", port] = kafka().broker(1).address.split(":");
    const socket = connectTls({ host, port: Number(port), ca: await readFile(caFile), servername: "localhost" });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });
});
