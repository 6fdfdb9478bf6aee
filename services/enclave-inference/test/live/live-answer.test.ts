import { ManualBeat } from "@cloister/testing";
import { describe, expect, it } from "@jest/globals";
import { BeatingAnswer, type LiveAnswerParts } from "../../src/live/live-answer.ts";
import type { Opening } from "../../src/live/seal-opening.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const prose = "The refund is paid within five working days, and then you get a letter that says so. ".repeat(8);

/** A stream whose cells are their own text: what is tested here is when they leave. */
async function watched(parts: Partial<LiveAnswerParts> = {}) {
  const beat = new ManualBeat();
  const published: Uint8Array[] = [];
  const outcomes: unknown[] = [];
  const cells: string[] = [];
  let isDestroyed = false;
  const sealer = {
    seal: (text: Uint8Array) => {
      cells.push(new TextDecoder().decode(text));
      return text.slice();
    },
    destroy: () => {
      isDestroyed = true;
    },
  };
  const opening: Opening = { event: Uint8Array.of(1), sealer };
  const answer = await BeatingAnswer.begin({
    beat,
    beatMs: 50,
    guard: (text) => text,
    hasReaders: () => Promise.resolve(true),
    open: () => Promise.resolve(opening),
    publish: (event) => published.push(event),
    onOver: (...outcome) => outcomes.push(outcome),
    ...parts,
  });
  return { answer, beat, published, cells, outcomes, isDestroyed: () => isDestroyed };
}

describe("an answer that is watched", () => {
  it("sends nothing between two beats, however fast the model speaks", async () => {
    const { answer, beat, published } = await watched();
    expect(published).toHaveLength(1);
    for (const word of prose.split(" ")) answer.say(`${word} `);
    expect(published).toHaveLength(1);
    beat.tick();
    expect(published).toHaveLength(2);
  });

  it("goes on with idle cells while the model is silent", async () => {
    const { beat, cells } = await watched();
    for (let n = 0; n < 5; n += 1) beat.tick();
    expect(cells).toEqual(["", "", "", "", ""]);
  });

  it("shows all of it in the end, then stops and forgets its key", async () => {
    const { answer, beat, cells, outcomes, isDestroyed } = await watched();
    for (const word of prose.trim().split(/(?<= )/u)) {
      answer.say(word);
      beat.tick();
    }
    answer.end(prose.trim());
    while (beat.followers > 0) beat.tick();
    expect(cells.join("")).toBe(prose.trim());
    expect([outcomes, isDestroyed()]).toEqual([[["complete", cells.length]], true]);
  });

  it("makes nothing while nobody listens", async () => {
    let opened = 0;
    const nobody = { hasReaders: () => Promise.resolve(false), open: () => Promise.resolve(void (opened += 1)) };
    const { answer, beat, published, outcomes } = await watched(nobody);
    answer.say(prose);
    beat.tick();
    await settled();
    answer.end(prose);
    expect([opened, published, outcomes, beat.followers]).toEqual([0, [], [["complete", undefined]], 0]);
  });

  it("begins with the first word for a reader who comes in the middle", async () => {
    let isThere = false;
    const { answer, beat, cells } = await watched({ hasReaders: () => Promise.resolve(isThere) });
    answer.say(prose);
    for (let n = 0; n < 3; n += 1) {
      answer.say("More. ");
      beat.tick();
      await settled();
    }
    isThere = true;
    beat.tick();
    await settled();
    answer.end(prose.trim());
    while (beat.followers > 0) beat.tick();
    expect(cells.join("").startsWith("The refund is paid")).toBe(true);
  });

  it("asks for a stream once only when there can be none", async () => {
    let asked = 0;
    const open = () => Promise.reject(new Error(String((asked += 1))));
    const { answer, beat, published } = await watched({ open });
    for (let n = 0; n < 3; n += 1) {
      beat.tick();
      await settled();
    }
    answer.end("It is told in the final reply.");
    expect([asked, published, beat.followers]).toEqual([1, [], 0]);
  });

  it("breaks off without a final cell when the attempt fails", async () => {
    const { answer, beat, cells, outcomes, isDestroyed } = await watched();
    beat.tick();
    answer.cut();
    beat.tick();
    expect([cells.length, outcomes, isDestroyed(), beat.followers]).toEqual([1, [["cut", 1]], true, 0]);
  });

  it("is not broken off by a failure after its end", async () => {
    const { answer, beat, outcomes } = await watched();
    answer.end("Done.");
    answer.cut();
    while (beat.followers > 0) beat.tick();
    expect(outcomes).toEqual([["complete", 8]]);
  });
});
