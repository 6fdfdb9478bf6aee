import { describe, expect, it } from "@jest/globals";
import type { MessageLog, OutgoingRecord } from "@cloister/messaging";
import { silentLog } from "@cloister/testing";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { Relay } from "../src/relay.ts";
import { bucketEndMs, toyRecord } from "./toy-service.ts";

/** Obeys everything and holds nothing. */
const db = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (of) => new PostgresIntrospector(of),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

function relayTo(sent: OutgoingRecord[]): Relay {
  const messages: MessageLog = {
    ensureTopics: () => Promise.resolve(),
    produce: (records) => Promise.resolve(void sent.push(...records)),
    consume: () => Promise.reject(new Error("nothing is read")),
    close: () => Promise.resolve(),
  };
  const reach = (): Promise<void> => Promise.resolve();
  return new Relay({ db, schema: "relay", consumer: "toy" }, { messages, log: silentLog, reach });
}

const record = toyRecord("out", { id: "1", conversation: "a", text: "one" }, bucketEndMs);
const lanes = new Map([[3, [record, record]]]);

describe("what a transaction has committed", () => {
  it("is sent when the database has a row for each record, and then is no more to be sent", async () => {
    const sent: OutgoingRecord[] = [];
    const relay = relayTo(sent);
    relay.expect([3]);
    await relay.send(lanes, { "toy/3": [1, 2] });
    expect([sent.length, relay.isUnsent(3)]).toEqual([2, false]);
    await relay.close();
  });

  it.each([{}, { "toy/3": [1] }, { "toy/4": [1, 2] }])("stops the consumer when its rows are %j", async (seqs) => {
    const sent: OutgoingRecord[] = [];
    const relay = relayTo(sent);
    relay.expect([3]);
    await expect(relay.send(lanes, seqs)).rejects.toMatchObject({ code: "CONSUMER_FATAL" });
    expect([sent.length, relay.isUnsent(3)]).toEqual([0, true]);
    await relay.close();
  });
});
