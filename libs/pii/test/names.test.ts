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
