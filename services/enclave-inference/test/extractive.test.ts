import { describe, expect, it } from "@jest/globals";
import { extractiveRuntime } from "../src/adapters/extractive/extractive-runtime.ts";
import { introducedPerson } from "../src/adapters/extractive/introduction.ts";
import { finalAnswer, type ModelPassage, type ModelRequest } from "../src/model/model-runtime.ts";

const refunds: ModelPassage = {
  origin: "knowledge",
  source: { documentId: "refunds", title: "Refunds" },
  text: "Our bank was founded in 1899. A refund is paid back to the card within five working days. Ask in the app.",
};
const transfers: ModelPassage = {
  origin: "knowledge",
  source: { documentId: "transfers", title: "Transfers" },
  text: "A transfer abroad arrives after two working days and costs 3 EUR.",
};

async function answer(question: string, rest: Partial<ModelRequest> = {}) {
  const request = { question, turns: [], passages: [refunds, transfers], ...rest };
  return finalAnswer(extractiveRuntime(), request, new AbortController().signal);
}

describe("the extractive runtime", () => {
  it("answers with the sentence that speaks of the question, and its source", async () => {
    expect(await answer("When is a refund paid to my card?")).toEqual({
      text: "A refund is paid back to the card within five working days. (Source: Refunds)",
      sources: [{ documentId: "refunds", title: "Refunds" }],
      model: "extractive",
    });
  });

  it("quotes a row of a table without its borders and padding", async () => {
    const text = "## Fees\n\n| service  | price  |\n| -------- | ------ |\n| Transfer | 3 EUR  |\n";
    const table: ModelPassage = { origin: "knowledge", text };
    expect((await answer("What does a transfer cost?", { passages: [table] })).text).toBe("Transfer, 3 EUR");
  });

  it("names no source by its id, which was not redacted", async () => {
    const passages = [{ ...refunds, source: { documentId: "customers/quintanilla.md", title: "" } }];
    const { text, sources } = await answer("When is a refund paid to my card?", { passages });
    expect(text).toBe("A refund is paid back to the card within five working days.");
    expect(sources).toHaveLength(1);
  });

  it("answers by its vector where no word is typed right", async () => {
    const stolen: ModelPassage = { origin: "knowledge", text: "Freeze a stolen card at once." };
    expect((await answer("How to freez a stoln crad?", { passages: [stolen] })).text).toBe(stolen.text);
  });

  it("says so when it has nothing", async () => {
    expect(await answer("Who won the world championship?")).toEqual({
      text: "I found nothing about that in the sources I may use.",
      sources: [],
      model: "extractive",
    });
  });

  it("takes note of a statement that no source speaks of", async () => {
    const turns = [{ question: "My old number was [PHONE_NUMBER_1].", answer: "Good." }];
    const { text } = await answer("My name is [PERSON_1], my number is [PHONE_NUMBER_2].", { turns });
    expect(text).toBe("Thank you, [PERSON_1]. I have taken note of that.");
  });

  it("addresses who introduced themselves by their placeholder", async () => {
    const { text } = await answer("Hi, my name is [PERSON_1]. What does a transfer abroad cost?");
    expect(text).toMatch(/^Thank you, \[PERSON_1\]\. A transfer abroad/u);
  });

  it("understands a pronoun by the turn before", async () => {
    const turns = [{ question: "What about a transfer abroad?", answer: "Possible." }];
    expect((await answer("How much does it cost?", { turns })).sources).toEqual([transfers.source]);
  });

  it("doesn't answer a follow-up with the question before it", async () => {
    const turns = [{ question: "I am [PERSON_1], on [PHONE_NUMBER_1]. How do I get a refund?", answer: "In the app." }];
    expect((await answer("How long does it take?", { turns })).sources).toEqual([refunds.source]);
  });

  it("gives the user's own data back where a question asks for them", async () => {
    const turns = [{ question: "My card is [CREDIT_CARD_1], my number [PHONE_NUMBER_1].", answer: "Good." }];
    expect((await answer("What is my phone number?", { turns })).text).toContain("[PHONE_NUMBER_1]");
    expect((await answer("When is a refund paid to my card?", { turns })).sources).toEqual([refunds.source]);
  });

  it("answers from the knowledge base where a question isn't about the user's own words", async () => {
    const turns = [{ question: "Yesterday a refund was promised.", answer: "Good." }];
    expect((await answer("When is a refund paid?", { turns })).sources).toEqual([refunds.source]);
  });

  it("finds what the user said earlier, by what a placeholder stands for", async () => {
    const turns = [{ question: "You can reach me at [PHONE_NUMBER_1] after six. Is that fine?", answer: "Yes." }];
    expect(await answer("Which phone number did I tell you?", { turns })).toMatchObject({
      text: "Earlier you wrote: “You can reach me at [PHONE_NUMBER_1] after six.”",
      sources: [],
    });
  });
});

describe("who introduces themselves", () => {
  it.each([
    ["My name is [PERSON_2] and I need help", "[PERSON_2]"],
    ["I'm [PERSON_1.2], hello", "[PERSON_1.2]"],
    ["[PERSON_1] here, about my card", "[PERSON_1]"],
    ["Please call back.\nKind regards,\n[PERSON_3]", "[PERSON_3]"],
  ])("is seen in %j", (text, person) => {
    expect(introducedPerson(text)).toBe(person);
  });

  it("is nobody where a person is only spoken of", () => {
    expect(introducedPerson("Send it to [PERSON_1], who lives in [LOCATION_1]")).toBeUndefined();
  });
});
