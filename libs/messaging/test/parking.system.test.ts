import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { topics } from "@cloister/contracts/topics";
import { failed, MessagingError, type ParkingLimits } from "@cloister/messaging";
import { readPressure } from "@cloister/messaging/pressure-events";
import { eventually, readTopic } from "@cloister/testing";
import { answer, toyMessage } from "./toy-service.ts";
import { ToyWorld } from "./toy-world.ts";

jest.setTimeout(60_000);

let world: ToyWorld;
let isAway: boolean;

beforeEach(async () => {
  isAway = true;
  world = await ToyWorld.open();
  await world.messages.ensureTopics([{ name: topics.pressure, partitions: 1 }]);
});
afterEach(() => world.close());

const start = (parking?: ParkingLimits): Promise<void> =>
  world.start(
    ({ records }) =>
      Promise.resolve(
        records.map((one) =>
          isAway && toyMessage(one.record).conversation === "a"
            ? failed("tenant", "KMS_DOWN")
            : answer(`${world.name}.out`, one),
        ),
      ),
    parking,
  );

const pressure = async () => (await readTopic(world.db, topics.pressure)).map(readPressure);
const numbered = (from: number, to: number): [string, string][] =>
  Array.from({ length: to - from }, (_, n) => ["a", String(from + n)]);

describe("parked records", () => {
  it("have their readers told once that they wait, and why", async () => {
    await start();
    await world.send(["a", "one"], ["a", "two"], ["b", "free"]);
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(2));
    world.clock.advance(10_000);
    await eventually(async () => {
      expect(world.captured.lines.filter((line) => line.includes("a batch was handled")).length).toBeGreaterThan(1);
    });
    isAway = false;
    world.clock.advance(60_000);
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(0));
    await eventually(async () =>
      expect((await world.replies()).toSorted()).toEqual([
        "FREE",
        "ONE",
        "TWO",
        "waits BEHIND_PARKED",
        "waits KMS_DOWN",
      ]),
    );
  });

  it("have what they brought sent once the log takes it again, though nothing else comes", async () => {
    await start();
    await world.send(["a", "one"]);
    await eventually(async () => expect(await world.replies()).toEqual(["waits KMS_DOWN"]));
    const produce = world.messages.produce.bind(world.messages);
    let refused = 0;
    jest.spyOn(world.messages, "produce").mockImplementation((records) => {
      const isAnswer = records.some((record) => toyMessage(record).text === "ONE");
      return isAnswer && refused++ === 0
        ? Promise.reject(new MessagingError("LOG_UNAVAILABLE", "the log is away"))
        : produce(records);
    });
    isAway = false;
    world.clock.advance(60_000);
    await eventually(async () => expect(await world.replies()).toEqual(["waits KMS_DOWN", "ONE"]));
    expect(refused).toBe(2);
    expect(await world.rowsIn("parked")).toBe(0);
  });

  it("at the cap have ingest told to take no more of their tenant, until there is room again", async () => {
    await start({ maxRecords: 3, maxBytes: 1_000_000 });
    await world.send(...numbered(0, 2));
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(2));
    expect(await pressure()).toEqual([]);
    world.clock.advance(1_000);
    await world.send(...numbered(2, 4));
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(4));
    await eventually(async () => {
      world.clock.advance(100);
      expect(await pressure()).toMatchObject([{ source: world.name }]);
    });
    const [first] = await pressure();
    expect((first?.untilMs ?? 0) - world.clock.nowMs()).toBeGreaterThan(30_000);
    isAway = false;
    await eventually(async () => {
      world.clock.advance(5_000);
      expect((await pressure()).at(-1)?.untilMs).toBe(0);
    });
    expect((await world.replies()).filter((text) => /^\d$/u.test(text))).toEqual(["0", "1", "2", "3"]);
  });

  it("at the cap by their bytes alone have it told, too, and again before it lapses", async () => {
    await start({ maxRecords: 1_000, maxBytes: 30 });
    await world.send(["a", "one"]);
    await eventually(async () => {
      world.clock.advance(5_000);
      expect((await pressure()).length).toBeGreaterThan(2);
    });
    expect((await pressure()).every(({ untilMs }) => untilMs > 0)).toBe(true);
  });

  it("beyond the cap are still kept; at the ceiling their partition waits, and nothing is lost", async () => {
    await start({ maxRecords: 1, maxBytes: 1_000_000 });
    await world.send(...numbered(0, 4));
    await eventually(async () => expect(await world.rowsIn("parked")).toBe(4));
    await world.send(["a", "4"], ["b", "free"]);
    await eventually(() =>
      expect(world.captured.lines.join("")).toContain("a partition waits for a tenant's parked records"),
    );
    expect(await world.rowsIn("parked")).toBe(4);
    isAway = false;
    await eventually(async () => {
      world.clock.advance(5_000);
      expect((await world.replies()).filter((text) => !text.startsWith("waits"))).toEqual([
        "0",
        "1",
        "2",
        "3",
        "4",
        "FREE",
      ]);
    });
  });
});
