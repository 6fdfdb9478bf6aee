import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { protocolMigrations } from "@cloister/messaging";
import { acrossTenants, inTransaction, migrate, PartitionKeeper, type Database } from "@cloister/storage";
import { eventually, FakeClock, silentLog, testDatabase } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import { park } from "../src/parked-rows.ts";
import { ParkingLot } from "../src/parking-lot.ts";
import { protocolPartitions } from "../src/protocol-tables.ts";
import { bucketEndMs, identify, toyRecord } from "./toy-service.ts";

jest.setTimeout(30_000);

const schema = "lot";
const where = { topic: "in", partition: 0 };
/** Longer than it takes until a partition is looked at. */
const A_LOOK_MS = 700;

describe("a parking lot", () => {
  let db: Database;
  beforeAll(async () => {
    db = await testDatabase();
    await migrate(db, schema, protocolMigrations);
    await new PartitionKeeper(db.kysely, protocolPartitions(schema)).ensure([bucketEndMs]);
    const record = { ...toyRecord("in", { id: "1", conversation: "a", text: "one" }), partition: 0, offset: 0 };
    const parked = {
      kind: "parked",
      consumed: { record, identity: identify(record) },
      code: "AWAY",
      outputs: [],
    } as const;
    const scope = { db: db.kysely, schema, consumer: "toy" };
    await inTransaction(db.kysely, acrossTenants("protocol"), (tx) => park(tx, scope, [parked], 1));
  }, 60_000);
  afterAll(() => db.close());

  const seen = { sent: 0, again: 0, isUnsent: false };
  beforeEach(() => void Object.assign(seen, { sent: 0, again: 0, isUnsent: false }));
  const lotOf = (send: () => Promise<void> = () => Promise.resolve()): ParkingLot => {
    const clock = new FakeClock();
    clock.advance(60_000);
    const ports = { clock, log: silentLog, onFatal: () => undefined };
    return new ParkingLot({ db: db.kysely, schema, consumer: "toy" }, ports, {
      sendUnsent: async () => {
        seen.sent += 1;
        await send();
        seen.isUnsent = false;
      },
      isUnsent: () => seen.isUnsent,
      again: () => Promise.resolve(void (seen.again += 1)),
      looked: () => Promise.resolve(),
    });
  };

  it("takes up what is due in a partition that it was given", async () => {
    const lot = lotOf();
    await lot.open(where, new AbortController().signal);
    await eventually(() => expect(seen.again).toBeGreaterThan(0));
    await lot.close();
  });

  it("takes up nothing of a partition that was given up while another had its turn", async () => {
    const lot = lotOf();
    const stopping = new AbortController();
    const turn = Promise.withResolvers<undefined>();
    const other = lot.alone(0, () => turn.promise);
    await lot.open(where, stopping.signal);
    await delay(A_LOOK_MS);
    stopping.abort();
    turn.resolve(undefined);
    await other;
    await lot.close();
    expect(seen.again).toBe(0);
  });

  it("sends what it committed for a partition that was given up, until it is sent", async () => {
    let isAway = true;
    const lot = lotOf(() => (isAway ? Promise.reject(new Error("away")) : Promise.resolve()));
    const stopping = new AbortController();
    seen.isUnsent = true;
    await lot.open(where, stopping.signal);
    stopping.abort();
    await eventually(() => expect(seen.sent).toBeGreaterThan(1));
    isAway = false;
    await eventually(() => expect(seen.isUnsent).toBe(false));
    const { sent } = seen;
    await delay(A_LOOK_MS);
    expect([seen.sent, seen.again]).toEqual([sent, 0]);
    await lot.close();
  });

  it("looks no more at a partition that was given up, whatever is parked in it", async () => {
    const lot = lotOf();
    const stopping = new AbortController();
    await lot.open(where, stopping.signal);
    stopping.abort();
    lot.filled(0);
    await delay(A_LOOK_MS);
    expect(seen).toMatchObject({ sent: 0, again: 0 });
    await lot.close();
  });

  it.each(["is closed", "is given up"])("never begins to look at a partition when it %s", async (how) => {
    const lot = lotOf();
    const stopping = new AbortController();
    // Nothing is parked in it.
    await lot.open({ topic: "in", partition: 1 }, stopping.signal);
    if (how === "is closed") await lot.close();
    else stopping.abort();
    lot.filled(1);
    await delay(A_LOOK_MS);
    expect(seen).toMatchObject({ sent: 0, again: 0 });
    await lot.close();
  });
});
