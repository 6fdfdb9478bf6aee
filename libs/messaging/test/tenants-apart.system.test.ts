import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { failed, protocolMigrations } from "@cloister/messaging";
import { migrate } from "@cloister/storage";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import {
  answer,
  bucketEndMs,
  identify,
  idOf,
  toyMessage,
  toyRecord,
  type ToyMessage,
  type ToyResult,
} from "./toy-service.ts";
import { ToyWorld } from "./toy-world.ts";

jest.setTimeout(60_000);

let world: ToyWorld;

beforeEach(async () => {
  world = await ToyWorld.open();
});
afterEach(() => world.close());

/** Answers all, but for whom it has another result just now. */
const answering = (refusalOf: (message: ToyMessage) => ToyResult | undefined = () => undefined): Promise<void> =>
  world.start(({ records }) =>
    Promise.resolve(records.map((one) => refusalOf(toyMessage(one.record)) ?? answer(`${world.name}.out`, one))),
  );

const send = (...messages: ToyMessage[]): Promise<void> =>
  world.messages.produce(messages.map((one) => toyRecord(`${world.name}.in`, one)));

describe("a tenant who names another one's ids", () => {
  const theirs: ToyMessage = { id: "1", conversation: "c", text: "theirs", tenant: "other" };
  const ours: ToyMessage = { id: "1", conversation: "c", text: "ours", tenant: "tenant" };

  it.each(["in one batch", "earlier"])("takes no message's id from it, %s", async (when) => {
    await answering();
    await send(theirs, ...(when === "earlier" ? [] : [ours]));
    if (when === "earlier") {
      await eventually(async () => expect(await world.replies()).toEqual(["THEIRS"]));
      await send(ours);
    }
    await eventually(async () => expect(await world.replies()).toEqual(["THEIRS", "OURS"]));
    await send(ours, { ...ours, id: "2", text: "the end" });
    await eventually(async () => expect(await world.replies()).toEqual(["THEIRS", "OURS", "THE END"]));
    expect(await world.rowsIn("dead_letter")).toBe(0);
  });

  it("holds up no message behind its own parked ones", async () => {
    let isAway = true;
    await answering(({ tenant }) => (isAway && tenant === "other" ? failed("tenant", "KMS_DOWN") : undefined));
    await send(theirs, ours);
    await eventually(async () => expect(await world.replies()).toEqual(["waits KMS_DOWN", "OURS"]));
    await send({ ...ours, id: "2", text: "again" }, { ...theirs, id: "3", text: "behind" });
    await eventually(async () =>
      expect((await world.replies()).slice(2).toSorted()).toEqual(["AGAIN", "waits BEHIND_PARKED"]),
    );
    isAway = false;
    world.clock.advance(60_000);
    await eventually(async () => expect((await world.replies()).slice(4)).toEqual(["THEIRS", "BEHIND"]));
  });

  it("holds up no parked message behind its own, which are due later", async () => {
    let isAway = true;
    await answering(() => (isAway ? failed("tenant", "KMS_DOWN") : undefined));
    await send(theirs, ours);
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(2));
    await sql`update ${sql.id(world.name, "parked")} set retry_at_ms = ${bucketEndMs}
      where tenant_id = ${idOf("other")}`.execute(world.db.kysely);
    isAway = false;
    world.clock.advance(60_000);
    await eventually(async () => expect((await world.replies()).at(-1)).toBe("OURS"));
    expect(await world.rowsIn("parked")).toBe(1);
  });

  it("has its dead letter produced again without the other's message being handled twice", async () => {
    let isBroken = true;
    await answering(({ tenant }) => (isBroken && tenant === "other" ? failed("poison", "TOO_BAD") : undefined));
    await send(theirs, ours);
    await eventually(async () => expect((await world.replies()).toSorted()).toEqual(["OURS", "failed TOO_BAD"]));
    isBroken = false;
    const [letter] = await world.toy.deadLetters.list({}, 10);
    if (letter === undefined) throw new Error("there is no letter");
    expect(await world.toy.deadLetters.redrive(letter)).toBe(true);
    await eventually(async () => expect((await world.replies()).at(-1)).toBe("THEIRS"));
    await send(ours, { ...ours, id: "2", text: "the end" });
    await eventually(async () => expect((await world.replies()).slice(2)).toEqual(["THEIRS", "THE END"]));
  });
});

describe("what was handled before the inbox named tenants", () => {
  it("is known by its id, and is not handled again", async () => {
    const { "003_inbox_by_tenant": _, ...earlier } = protocolMigrations;
    await migrate(world.db, world.name, earlier);
    const known: ToyMessage = { id: "1", conversation: "c", text: "known" };
    const record = toyRecord(`${world.name}.in`, known);
    const { fingerprint } = identify({ ...record, partition: 0, offset: 0 });
    await sql`create table ${sql.id(world.name, `inbox_b${bucketEndMs}`)}
      partition of ${sql.id(world.name, "inbox")} for values in (${sql.lit(bucketEndMs)})`.execute(world.db.kysely);
    await sql`insert into ${sql.id(world.name, "inbox")} (consumer, message_id, fingerprint, bucket_end_ms)
      values (${world.name}, ${idOf("1")}, ${fingerprint}, ${bucketEndMs})`.execute(world.db.kysely);
    await answering();
    await send(known, { ...known, id: "2", text: "new" });
    await eventually(async () => expect(await world.replies()).toEqual(["NEW"]));
    expect(await world.rowsIn("inbox")).toBe(2);
  });

  it("is handled when its dead letter is produced again", async () => {
    let isBroken = true;
    await answering(() => (isBroken ? failed("poison", "TOO_BAD") : undefined));
    await send({ id: "1", conversation: "c", text: "bad" });
    await eventually(async () => expect(await world.rowsIn("dead_letter")).toBe(1));
    await sql`update ${sql.id(world.name, "inbox")} set tenant_id = null`.execute(world.db.kysely);
    isBroken = false;
    const [letter] = await world.toy.deadLetters.list({}, 10);
    if (letter === undefined) throw new Error("there is no letter");
    await world.toy.deadLetters.redrive(letter);
    await eventually(async () => expect((await world.replies()).at(-1)).toBe("BAD"));
  });
});
