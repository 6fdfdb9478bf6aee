import { describe, expect, it } from "@jest/globals";
import { searchForValues } from "@cloister/canary";
import { typedText } from "./texts.ts";

describe("the canaries of a text", () => {
  it("stand in it, and differ from text to text", () => {
    const typed = Array.from({ length: 10 }, (_, position) => typedText(position));
    for (const { text, name, canaries } of typed) {
      expect(text).toContain(name);
      for (const canary of canaries) expect(text).toContain(canary);
    }
    expect(new Set(typed.flatMap(({ canaries }) => canaries)).size).toBe(20);
    expect(new Set(typed.map(({ name }) => name)).size).toBe(10);
  });

  it.each([["utf8"], ["utf16le"], ["base64"], ["hex"]] as const)(
    "are found in a file that holds the text as %s",
    async (encoding) => {
      const { text, canaries } = typedText(0);
      const stored =
        encoding === "utf16le"
          ? Buffer.from(text, encoding)
          : Buffer.from(encoding === "utf8" ? text : Buffer.from(text).toString(encoding));
      const file = Buffer.concat([Buffer.alloc(1_000), stored, Buffer.alloc(1_000)]);
      const { findings } = await searchForValues(canaries, [{ place: "a segment", chunks: [file] }]);
      expect(new Set(findings.map(({ value }) => value))).toEqual(new Set(canaries));
    },
  );
});
