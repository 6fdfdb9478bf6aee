import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";

const detector = createDetector({ entities: ["PERSON", "LOCATION", "ORGANIZATION"] });

function found(text: string): string[] {
  return detector.detect(text).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

describe("the names model", () => {
  it("leaves titles out of names", () => {
    expect(found("I saw Dr. Sarah Miller yesterday.")).toEqual(["PERSON Sarah Miller"]);
  });

  it.each([
    ["Jordan met with Chelsea.", ["PERSON Jordan", "PERSON Chelsea"]],
    ["My friend Faith will call.", ["PERSON Faith"]],
    ["April asked for Virginia's phone number.", ["PERSON April", "PERSON Virginia"]],
    ["We flew from Jordan to Paris in April.", ["LOCATION Jordan", "LOCATION Paris"]],
  ])("takes names that are also places or words for names by the words beside them: %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("finds a given and a family name in a hashtag, and no other hashtags", () => {
    expect(found("see you there #ShaneWatson #SummerSale #ai")).toEqual(["PERSON #ShaneWatson"]);
  });

  it("leaves labels of forms out of names", () => {
    expect(found("MARTINEZ, CARLOS J. SSN 536-90-4399")).toEqual(["PERSON MARTINEZ", "PERSON CARLOS J."]);
  });

  it("leaves commands out of names, unless a capital may begin one", () => {
    expect(found("Node 20 or newer and npm; nothing else.\nnpm ci && npm test")).toEqual([]);
    expect(found("Please ask Mr Cloister.")).toEqual(["PERSON Cloister"]);
  });

  it.each(["README", "According to README, the fee is waived.", "CHANGELOG says that it was mended", "Doc Readme"])(
    "leaves what a document is called out of names: %j",
    (text) => {
      expect(found(text)).toEqual([]);
    },
  );

  it.each([
    ["我叫王小明，住在北京。", ["PERSON 王小明", "LOCATION 北京"]],
    ["请转告李明先生和张伟女士", ["PERSON 李明", "PERSON 张伟"]],
    ["弊社の田中太郎さんは東京に住んでいます", ["PERSON 田中太郎", "LOCATION 東京"]],
    ["マリア・ゴンザレスさんから", ["PERSON マリア・ゴンザレス"]],
    ["제 이름은 이서연입니다", ["PERSON 이서연"]],
    ["김민준 씨는 서울에 산다", ["PERSON 김민준", "LOCATION 서울"]],
    ["任何先生 山口県 お客様 製品仕様です 고객님 사용자님 선생님 カード", []],
  ])("reads names and cities in Chinese, Japanese and Korean characters: %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("takes a double name as one", () => {
    expect(found("My name is Anna-Lena Schmidt.")).toEqual(["PERSON Anna-Lena Schmidt"]);
  });

  it("finds a name in full-width letters and with invisible characters, at its place in the original", () => {
    const text = "my name is \uff2d\uff41\uff52\uff49\uff41 Gon\u200bzalez";
    expect(found(text)).toEqual(["PERSON \uff2d\uff41\uff52\uff49\uff41 Gon\u200bzalez"]);
  });

  it("takes an address as a place", () => {
    expect(found("Please send it to 12 Oak Street, Springfield, thanks.")).toContain(
      "LOCATION 12 Oak Street, Springfield",
    );
  });

  it.each([
    "What is the fee for a transfer?",
    "please block my card, it was stolen yesterday",
    "Take the second exit, then go straight for 2 km.",
    "const total = items.reduce((a, b) => a + b, 0);",
  ])("finds nobody in %j", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("gives the same answer however often and after whatever it is asked", () => {
    const text = "Maria Gonzalez moved from Berlin to Madrid.";
    const first = found(text);
    found("something else entirely, by John Smith");
    expect(found(text)).toEqual(first);
  });
});
