import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { searchForValues, windowsOf } from "../src/index.ts";

const found = async (value: string, haystack: Uint8Array): Promise<string[]> => {
  const report = await searchForValues([value], [{ place: "here", chunks: [haystack] }]);
  return report.findings.map((finding) => finding.encoding);
};

const text = 'She said: "Zoë Quintanilla-Vance, please call back"';
const value = "Zoë Quintanilla-Vance";
const shortValue = "Okoro";

describe("the canary search", () => {
  it.each([
    ["utf-8", Buffer.from(text)],
    ["utf-16le", Buffer.from(text, "utf16le")],
    ["utf-16be", Buffer.from(text, "utf16le").swap16()],
    ["hex", Buffer.from(Buffer.from(text).toString("hex"))],
    ["hex-upper", Buffer.from(Buffer.from(text).toString("hex").toUpperCase())],
    ["json-ascii", Buffer.from('"Zo\\u00eb Quintanilla-Vance"')],
  ])("finds a value lying as %s", async (encoding, haystack) => {
    expect(await found(value, haystack)).toContain(encoding);
  });

  it.each([0, 1, 2])("finds a value inside base64 text that starts at phase %i", async (phase) => {
    const plain = Buffer.concat([Buffer.alloc(phase + 3, "x"), Buffer.from(value), Buffer.from(" and more")]);
    expect(await found(value, Buffer.from(plain.toString("base64")))).toContain(`base64+${phase}`);
    expect(await found(value, Buffer.from(plain.toString("base64url")))).not.toEqual([]);
  });

  it("finds a short value on word borders only", async () => {
    expect(await found(shortValue, Buffer.from("ask Okoro."))).toEqual(["utf-8"]);
    expect(await found(shortValue, Buffer.from("Okorovsky and BOkoro"))).toEqual([]);
    expect(await found(shortValue, Buffer.from("ask Okoro.", "utf16le"))).toContain("utf-16le");
    expect(await found(shortValue, Buffer.from("askOkoros", "utf16le"))).toEqual([]);
  });

  it("finds a short value inside encoded text by the borders around it", async () => {
    expect(await found(shortValue, Buffer.from(Buffer.from("please ask Okoro.").toString("base64")))).not.toEqual([]);
    expect(await found(shortValue, Buffer.from(Buffer.from("please ask Okoro.").toString("hex")))).not.toEqual([]);
  });

  it("finds any value of at least eight bytes wherever base64 put it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 8, maxLength: 40, unit: "grapheme-ascii" }),
        fc.uint8Array({ maxLength: 8 }),
        fc.uint8Array({ maxLength: 8 }),
        async (needle, before, after) => {
          const haystack = Buffer.concat([before, Buffer.from(needle), after]).toString("base64");
          expect(await found(needle, Buffer.from(haystack))).not.toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reports nothing for random bytes", async () => {
    const noise = new Uint8Array(1 << 20).map((_, index) => (Math.imul(index + 1, 2654435761) >>> 13) & 0xff);
    expect(await found(value, noise)).toEqual([]);
  });

  it("cuts a text into every window of a length", () => {
    expect(windowsOf("abcdef", 4)).toEqual(["abcd", "bcde", "cdef"]);
    expect(windowsOf("abc", 4)).toEqual(["abc"]);
  });
});
