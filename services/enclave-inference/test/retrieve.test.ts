import { describe, expect, it } from "@jest/globals";
import { idToHex } from "@cloister/envelope";
import { SearchIndex, staticEmbedder } from "@cloister/retrieval";
import { wordsForPlaceholders } from "../src/model/placeholder-words.ts";
import type { OpenedPassage } from "../src/open-passages.ts";
import { retrieve } from "../src/retrieve.ts";
import type { RecalledTurn } from "../src/turn-cache.ts";

const id = (n: number) => new Uint8Array(16).fill(n);
const question = { text: "When is a refund paid?", causeId: id(1) };

function passage(text: string, rest: Partial<OpenedPassage> = {}): OpenedPassage {
  const names = { causeIdHex: idToHex(id(9)), name: text };
  return { origin: "own", ...names, title: wordsForPlaceholders(text), text, source: undefined, ...rest };
}

const found = (asked: typeof question, turns: readonly RecalledTurn[], passages: readonly OpenedPassage[]) =>
  retrieve(asked, { turns, passages: [new SearchIndex(passages)], stored: [] }, staticEmbedder());

describe("retrieving passages", () => {
  it("leaves out the question itself and the turns that the model is given anyway", async () => {
    const turns = [{ question: "Refund?", answer: "Yes.", causeId: id(2) }];
    const passages = [1, 2, 3].map((n) =>
      passage(`A refund is paid on day ${String(n)}.`, { causeIdHex: idToHex(id(n)) }),
    );
    expect((await found(question, turns, passages)).map(({ text }) => text)).toEqual(["A refund is paid on day 3."]);
  });

  it("finds a hidden value by the words that people ask for it with", async () => {
    const asked = { text: "What was my phone number?", causeId: id(1) };
    expect(await found(asked, [], [passage("Reach me on [PHONE_NUMBER_1].")])).toHaveLength(1);
  });

  it.each([
    ["knowledge", "knowledge", false],
    ["subject", "conversation", false],
    ["own", "conversation", true],
  ] as const)("tells the model whose words a passage of origin %s holds", async (origin, told, isOwn) => {
    expect(await found(question, [], [passage("A refund is paid soon.", { origin })])).toMatchObject([
      { origin: told, isOwn },
    ]);
  });

  it("finds nothing for what no passage speaks of", async () => {
    expect(
      await found({ text: "Who won the championship?", causeId: id(1) }, [], [passage("A refund is paid.")]),
    ).toEqual([]);
  });
});
