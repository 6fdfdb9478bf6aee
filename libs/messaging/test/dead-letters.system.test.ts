import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { failed } from "@cloister/messaging";
import { eventually } from "@cloister/testing";
import { answer, idOf, toyMessage, toyRecord } from "./toy-service.ts";
import { ToyWorld } from "./toy-world.ts";

jest.setTimeout(60_000);

let world: ToyWorld;
let isBroken: boolean;

beforeEach(async () => {
  isBroken = true;
  world = await ToyWorld.open();
  await world.start(({ records }) =>
    Promise.resolve(
      records.map((one) =>
        isBroken && toyMessage(one.record).text.startsWith("bad")
          ? failed("poison", "TOO_BAD")
          : answer(`${world.name}.out`, one),
      ),
    ),
  );
});
afterEach(() => world.close());

const letters = () => world.toy.deadLetters;

/** The only letter there is, once it is there. */
async function onlyLetter() {
  return eventually(async () => {
    const [letter, ...others] = await letters().list({}, 10);
    if (letter === undefined || others.length > 0) throw new Error("there is not one letter");
    return letter;
  });
}

describe("dead letters", () => {
  it("are told by ids, sizes and a code", async () => {
    await world.send(["a", "bad"]);
    const letter = await onlyLetter();
    expect(letter).toMatchObject({ consumer: world.name, code: "TOO_BAD", partition: 0, offset: 0 });
    expect([letter.messageId, letter.bytes > 10]).toEqual([new Uint8Array(idOf("a:bad")), true]);
  });

  it("are found by tenant, code and age, page by page", async () => {
    await world.send(["a", "bad 1"], ["a", "bad 2"], ["a", "bad 3"]);
    await eventually(async () => expect(await letters().count({})).toBe(3));
    const [first, second] = await letters().list({}, 2);
    expect((await letters().list({}, 2, second)).map(({ offset }) => offset)).toEqual([2]);
    expect(await letters().count({ tenantId: idOf("tenant"), code: "TOO_BAD", untilMs: first?.atMs ?? 0 })).toBe(3);
    expect(await letters().count({ tenantId: idOf("another") })).toBe(0);
    expect(await letters().count({ code: "TOO_GOOD" })).toBe(0);
    expect(await letters().count({ untilMs: (first?.atMs ?? 0) - 1 })).toBe(0);
  });

  it("give exactly one reply when they are produced again after the cause was mended", async () => {
    await world.send(["a", "bad"], ["a", "two"]);
    const letter = await onlyLetter();
    isBroken = false;
    expect(await Promise.all([letters().redrive(letter), letters().redrive(letter)])).toEqual(
      expect.arrayContaining([true, false]),
    );
    await eventually(async () => expect(await world.replies()).toEqual(["failed TOO_BAD", "TWO", "BAD"]));
    expect(await letters().redrive(letter)).toBe(false);
    await world.send(["a", "three"]);
    await eventually(async () => expect(await world.replies()).toContain("THREE"));
    expect(await world.effects()).toEqual(["a:two", "a:bad", "a:three"]);
    expect(await letters().count({})).toBe(0);
  });

  it("come back once, at a new offset, while the cause is still there", async () => {
    await world.send(["a", "bad"]);
    const before = await onlyLetter();
    await letters().redrive(before);
    await eventually(async () => expect((await onlyLetter()).offset).toBe(1));
    expect(await world.effects()).toEqual([]);
  });

  it("leave a reused id reused", async () => {
    await world.send(["a", "one"]);
    await eventually(async () => expect(await world.replies()).toEqual(["ONE"]));
    const topic = `${world.name}.in`;
    const forged = { id: "a:one", conversation: "a", text: "forged" };
    await world.messages.produce([toyRecord(topic, forged)]);
    await letters().redrive(await onlyLetter());
    await eventually(async () => expect((await onlyLetter()).offset).toBe(2));
    expect(await world.effects()).toEqual(["a:one"]);
  });

  it("are gone when they are dropped, and nothing more is told or done", async () => {
    await world.send(["a", "bad"]);
    const letter = await onlyLetter();
    expect([await letters().drop(letter), await letters().drop(letter)]).toEqual([true, false]);
    isBroken = false;
    await world.send(["a", "bad"], ["a", "two"]);
    await eventually(async () => expect(await world.replies()).toEqual(["failed TOO_BAD", "TWO"]));
    expect([await letters().count({}), await letters().redrive(letter)]).toEqual([0, false]);
  });

  it("are produced again after a restart, if the process ended in between", async () => {
    await world.send(["a", "bad"]);
    const letter = await onlyLetter();
    const redriven = letters();
    await world.stop();
    // The relay has ended: the record waits in the outbox.
    expect(await redriven.redrive(letter)).toBe(true);
    expect(await world.rowsIn("outbox")).toBe(1);
    await world.start(({ records }) => Promise.resolve(records.map((one) => answer(`${world.name}.out`, one))));
    await eventually(async () => expect(await world.replies()).toEqual(["failed TOO_BAD", "BAD"]));
  });

  it("are in the log by their ids when they are produced again or dropped", async () => {
    await world.send(["a", "bad 1"], ["a", "bad 2"]);
    await eventually(async () => expect(await letters().count({})).toBe(2));
    const [first, second] = await letters().list({}, 2);
    if (first === undefined || second === undefined) throw new Error("there are two");
    await letters().redrive(first);
    await letters().drop(second);
    const lines = world.captured.lines.filter((line) => line.includes("a dead letter"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(idOf("a:bad 1").toString("hex"));
    expect(lines.join("")).not.toContain("bad 1");
  });

  it("end with their bucket", async () => {
    await world.send(["a", "bad"]);
    const letter = await onlyLetter();
    world.clock.advance(letter.bucketEndMs - world.clock.nowMs());
    expect([await letters().count({}), await letters().redrive(letter)]).toEqual([0, false]);
  });
});
