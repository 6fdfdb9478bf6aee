import { describe, expect, it } from "@jest/globals";
import { definePolicy, policyFromJson, policyToJson, topicFinder, type ForbiddenTopic } from "@cloister/policy";
import fc from "fast-check";
import { newTenant } from "./fixture.ts";
import { refusalOf } from "./refusal.ts";

const { policy } = newTenant();

const topicOf = (...phrases: string[]): ForbiddenTopic => ({ name: phrases[0] ?? "", phrases, sentence: "Ask us." });
const finds = (phrase: string, text: string): boolean => topicFinder([topicOf(phrase)])(text) !== undefined;

describe("a forbidden topic", () => {
  it.each([
    ["as it is written", "insider trading", "Is insider trading legal?"],
    ["in other case", "Insider Trading", "INSIDER TRADING!"],
    ["over a line's end and other spaces", "insider trading", "insider\n\t trading"],
    ["with punctuation between its words", "stop-loss order", "a stop loss (order)"],
    ["with an apostrophe", "don't tell", "Don’t tell anybody"],
    ["with marks or without", "résumé", "my resume"],
    ["with marks that the phrase lacks", "resume", "mon résumé"],
    ["in full-width letters", "loan", "ａ ｌｏａｎ"],
    ["in a ligature", "office", "the oﬃce"],
    ["with characters that nobody sees in it", "insider trading", "in\u00adsi\u200bder tra\u2060ding"],
    ["with numbers", "form 1040", "Form 1040, please"],
    ["by the beginning of a word", "invest*", "Should I be investing?"],
    ["by a beginning that is the whole word", "invest*", "invest"],
    ["by a beginning in the middle of a phrase", "buy stock* now", "buy stocks now"],
    ["in a script without spaces", "内幕交易", "请问内幕交易合法吗"],
    ["in Thai", "ยา", "ขายยาไหม"],
    ["at the end of a longer text", "bomb", `${"a ".repeat(1000)}bomb`],
    ["in a second try after a false start", "a b a c", "a b a b a c"],
  ])("is found %s", (_how, phrase, text) => {
    expect(finds(phrase, text)).toBe(true);
  });

  it.each([
    ["a part of a word", "insider", "insiders"],
    ["a word that only begins alike", "stock*", "sto"],
    ["a word that ends alike", "vest*", "invest"],
    ["words in another order", "insider trading", "trading insider"],
    ["words with one between", "insider trading", "insider stock trading"],
    ["the beginning of a phrase alone", "insider trading", "an insider"],
    ["nothing", "insider", ""],
    ["other characters of the same script", "内幕交易", "内部交易"],
  ])("is not found in %s", (_what, phrase, text) => {
    expect(finds(phrase, text)).toBe(false);
  });

  it("is told by its name and sentence, the one whose phrase comes first in the text", () => {
    const find = topicFinder([topicOf("second", "third"), topicOf("first")]);
    expect(find("first, then third")?.name).toBe("first");
  });

  it("of two with the same phrase is the one that the policy names first", () => {
    const find = topicFinder([{ ...topicOf("a phrase"), name: "one" }, topicOf("a phrase")]);
    expect(find("a phrase")?.name).toBe("one");
  });

  it("is found by the shorter of two phrases that begin alike", () => {
    expect(topicFinder([topicOf("a b c"), topicOf("a b")])("a b c")?.name).toBe("a b");
  });

  it("is found by a longer beginning beside a shorter one, and after a whole word", () => {
    const find = topicFinder([topicOf("inv* one"), topicOf("invest* two"), topicOf("invest three")]);
    expect([find("invest two"), find("invest three"), find("invest one")].map((topic) => topic?.name)).toEqual([
      "invest* two",
      "invest three",
      "inv* one",
    ]);
  });

  it("is looked for in texts as somebody else reads them, its phrases too", () => {
    const read = (text: string) => text.replaceAll("а", "a");
    expect(topicFinder([topicOf("bаnk")], read)("my bank and my bаnk")?.name).toBe("bаnk");
  });

  it("is found wherever a text quotes one of its phrases", () => {
    const word = fc.stringMatching(/^[a-z]{3,8}$/u);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.string(), fc.string(), (words, before, after) => {
        const phrase = words.join(" ");
        return finds(phrase, `${before} ${phrase} ${after}`);
      }),
    );
  });

  it("is looked for without delay in a word and in phrases made to be slow", () => {
    const phrases = Array.from({ length: 64 }, (_, n) => `${"a ".repeat(15)}${"abc".repeat(n % 6)}x*`);
    const find = topicFinder([{ ...topicOf("x"), phrases }]);
    expect([find("a".repeat(256 * 1024)), find("a ".repeat(128 * 1024))]).toEqual([undefined, undefined]);
  });
});

describe("a policy with forbidden topics", () => {
  const withTopic = (change: Partial<ForbiddenTopic>) => () =>
    definePolicy("standard", { ...policy, forbiddenTopics: [{ ...topicOf("a phrase"), name: "topic", ...change }] });

  it("comes back as it was written", () => {
    const made = withTopic({})();
    expect(policyFromJson(policyToJson(made)).forbiddenTopics).toEqual(made.forbiddenTopics);
  });

  it.each<[string, Partial<ForbiddenTopic>]>([
    ["64 phrases", { phrases: Array.from({ length: 64 }, (_, n) => `phrase ${n}`) }],
    ["a phrase of 80 characters", { phrases: ["a".repeat(80)] }],
    ["a phrase of 16 words", { phrases: ["a ".repeat(16)] }],
    ["three letters before a star", { phrases: ["abc*"] }],
    ["a sentence of 280 characters", { sentence: "a".repeat(280) }],
  ])("may have %s", (_what, change) => {
    expect(refusalOf(withTopic(change))).toBeUndefined();
  });

  it.each<[string, Partial<ForbiddenTopic>]>([
    ["no phrase", { phrases: [] }],
    ["65 phrases", { phrases: Array.from({ length: 65 }, (_, n) => `phrase ${n}`) }],
    ["a phrase without a word", { phrases: ["..."] }],
    ["a phrase that nobody sees", { phrases: ["\u3164\u200b"] }],
    ["a phrase of 81 characters", { phrases: ["a".repeat(81)] }],
    ["a phrase of 17 words", { phrases: ["a ".repeat(17)] }],
    ["two letters before a star", { phrases: ["ab*"] }],
    ["two letters before a star in the middle", { phrases: ["good ab* good"] }],
    ["no sentence", { sentence: "" }],
    ["a sentence of 281 characters", { sentence: "a".repeat(281) }],
    ["a sentence on two lines", { sentence: "One.\nTwo." }],
    ["a line separator in a sentence", { sentence: "One.\u2028Two." }],
    ["a sentence that turns what is read around", { sentence: "One\u202e" }],
    ["a name with a space", { name: "a topic" }],
  ])("is refused with %s", (_what, change) => {
    expect(refusalOf(withTopic(change))).toBe("POLICY_MALFORMED");
  });

  const topics = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ ...topicOf("a phrase"), name: `t${n}` }));

  it("has 16 of them at most", () => {
    const refusals = [16, 17].map((count) =>
      refusalOf(() => definePolicy("standard", { ...policy, forbiddenTopics: topics(count) })),
    );
    expect(refusals).toEqual([undefined, "POLICY_MALFORMED"]);
  });

  it("has no two of one name", () => {
    const forbiddenTopics = [...topics(1), ...topics(1)];
    expect(refusalOf(() => definePolicy("standard", { ...policy, forbiddenTopics }))).toBe("POLICY_MALFORMED");
  });
});

describe("a policy signed before there were boundaries", () => {
  it("blocks nothing and forbids no topic", () => {
    const { block: _block, forbiddenTopics: _topics, ...older } = policyToJson(policy);
    const { block, forbiddenTopics } = policyFromJson(older);
    expect([block, forbiddenTopics]).toEqual([[], []]);
  });
});
