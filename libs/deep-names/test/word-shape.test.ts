import { describe, expect, it } from "@jest/globals";
import { wordShape } from "../src/word-shape.ts";

describe("the shape of a word", () => {
  it.each([
    ["maria", 1],
    ["ñandú", 1],
    ["Maria", 2],
    ["A", 2],
    ["Élan", 2],
    ["MARIA", 3],
    ["McDonald", 4],
    ["iPhone", 4],
    ["2024", 5],
    ["\u0664\u0662", 5],
    ["王", 0],
    ["-", 0],
    ["", 0],
  ])("of %j is %d", (word, shape) => {
    expect(wordShape(word)).toBe(shape);
  });
});
