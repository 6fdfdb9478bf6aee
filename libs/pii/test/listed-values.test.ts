import { describe, expect, it } from "@jest/globals";
import { createDetector, hashListedValue, type HashedLists } from "@cloister/pii";

const salt = new Uint8Array(16).fill(3);
const denying = (...values: string[]): HashedLists => ({
  salt,
  deny: values.map((value) => ({ ...hashListedValue(value, salt), type: "PERSON" as const })),
});
const foundBy = (hashedLists: HashedLists, text: string): string[] =>
  createDetector({ names: false, hashedLists })
    .detect(text)
    .map(({ start, end }) => text.slice(start, end));

describe("hashed lists", () => {
  it("find a denied value in any case, with other marks and separators", () => {
    const list = denying("José Álvarez");
    const written = ["JOSE ALVAREZ", "josé-álvarez", "Jos\u00e9 \u00c1l\u200bvarez", "jose\nalvarez"];
    expect(written.flatMap((value) => foundBy(list, `tell ${value} now`))).toEqual(written);
  });

  it("find values of several lengths, and no part of one", () => {
    const list = denying("Heron", "Grey Heron Club");
    expect(foundBy(list, "heron, grey heron club, grey club")).toEqual(["heron", "grey heron club"]);
  });

  it("leave out what they allow", () => {
    const allow = [hashListedValue("zoe@example.org", salt)];
    const text = "zoe@example.org and max@example.org";
    expect(foundBy({ salt, allow }, text)).toEqual(["max@example.org"]);
  });

  it("say nothing of a value to whoever has another salt", () => {
    const other = hashListedValue("Heron", new Uint8Array(16).fill(4));
    expect(other.hash).not.toBe(hashListedValue("Heron", salt).hash);
    expect(foundBy({ salt, deny: [{ ...other, type: "PERSON" }] }, "heron")).toEqual([]);
  });

  it.each([
    ["a short salt", { salt: new Uint8Array(8) }],
    ["a hash that is none", { salt, allow: [{ words: 1, hash: "12" }] }],
    ["values of nine words", { salt, allow: [{ words: 9, hash: "ab".repeat(32) }] }],
    ["denied values of five lengths", denying("a", "a b", "a b c", "a b c d", "a b c d e")],
  ])("are refused with %s", (_what, hashedLists) => {
    expect(() => createDetector({ names: false, hashedLists })).toThrow(expect.objectContaining({ code: "BAD_LIST" }));
  });

  it("take no value without letters and digits", () => {
    expect(() => hashListedValue("...", salt)).toThrow(expect.objectContaining({ code: "BAD_LIST" }));
  });
});
