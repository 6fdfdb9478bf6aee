import { describe, expect, it } from "@jest/globals";
import { wordQuery } from "../src/model/follow-up.ts";

const refund = { question: "Can I get a refund for a cancelled flight?", answer: "Yes." };
const howLong = { question: "How long does it take?", answer: "Five days." };

describe("the words that a question is searched by", () => {
  it("are its own where it stands alone", () => {
    expect(wordQuery("What does a transfer abroad cost?", [refund])).toEqual({
      question: "What does a transfer abroad cost?",
    });
  });

  it("bring the turn before along for a pronoun", () => {
    expect(wordQuery("How long does it take?", [refund]).context).toBe(refund.question);
  });

  it("go back to the last question that stands alone", () => {
    expect(wordQuery("And for two?", [refund, howLong]).context).toBe(`${refund.question}\n${howLong.question}`);
  });

  it("have no context at the start of a conversation", () => {
    expect(wordQuery("How long does it take?", [])).toEqual({ question: "How long does it take?" });
  });
});
