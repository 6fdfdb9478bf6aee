import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";

const names = createDetector({ entities: ["PERSON"] });
const sentence = "My name is Maria Gonzalez.";
/** Names are looked for in stretches of this length. */
const stretch = 32_768;

function placesOfName(text: string): number[] {
  return names
    .detect(text)
    .filter((span) => text.slice(span.start, span.end) === "Maria Gonzalez")
    .map((span) => span.start);
}

describe("names in a text of more than one stretch", () => {
  it.each([-30, -20, -13, -5, -1, 0, 1, 5, 20])("are found where one ends, %i characters from it", (shift) => {
    const before = "quiet water ".repeat(4_000).slice(0, stretch + shift - 1);
    expect(placesOfName(`${before} ${sentence}`)).toEqual([stretch + shift + 11]);
  });

  it("are found behind signs that have no space between them", () => {
    for (const sign of ["-", "\u{1F600}", "a\u0301"]) {
      const before = `a${sign.repeat(2 * stretch)}`;
      expect(placesOfName(`${before} ${sentence}`)).toEqual([before.length + 12]);
    }
  });

  it("are found in each line, with the line ends of Windows, too", () => {
    const line = `${"quiet water ".repeat(50)}${sentence}\r\n`;
    expect(placesOfName(line.repeat(150))).toEqual(Array.from({ length: 150 }, (_, n) => n * line.length + 611));
  });
});

describe("a number that needs a word beside it", () => {
  const text = "It was 2123 45670 1 then.";

  it("is left alone without one, and found below the usual threshold", () => {
    expect(createDetector().detect(text)).toEqual([]);
    const low = createDetector({ thresholds: { AU_MEDICARE: 0.1 } }).detect(text);
    expect(low).toMatchObject([{ type: "AU_MEDICARE", score: 0.15 }]);
  });

  it("is found in a text that has such a word", () => {
    expect(createDetector().detect(text.replace("It", "Medicare"))).toMatchObject([{ type: "AU_MEDICARE" }]);
  });
});
