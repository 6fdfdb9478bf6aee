import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { DAY_MS, presetNames, presets, retentionClasses } from "@cloister/policy";

const page = readFileSync(new URL("../../../docs/policies/presets.md", import.meta.url), "utf8");
const cellsOf = (row: string) => row.split("|").map((cell) => cell.trim());

/** The cells after a row's name, in the table under a heading. */
function rowOf(heading: string, name: string): readonly string[] {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const row = section
    .split("\n## ")[0]
    ?.split("\n")
    .map(cellsOf)
    .find((cells) => cells[1] === `\`${name}\``);
  return row?.slice(2, -1) ?? [];
}

describe("the page on presets", () => {
  it.each(presetNames)("says for how many days %s keeps each class", (name) => {
    const expected = retentionClasses.map((kind) => String(presets[name].periods[kind].periodMs / DAY_MS));
    expect(rowOf("How long things are kept", name)).toEqual(expected);
  });

  it.each(presetNames)("says what %s requires of a deployment", (name) => {
    const { requires, custodies } = presets[name];
    const required = requires.map((guarantee) => `\`${guarantee}\``).join(", ");
    const custody = custodies.map((mode) => mode.toUpperCase()).join(" or ");
    expect(rowOf("What a deployment must prove", name)).toEqual([required, custody]);
  });

  it.each(presetNames)("says what %s redacts, remembers and does with vectors", (name) => {
    const { redact, history, memory, vectors } = presets[name];
    const common = presets.standard.redact;
    const more = redact.filter((entity) => !common.includes(entity)).map((entity) => `\`${entity}\``);
    const yesNo = (value: boolean) => (value ? "yes" : "no");
    expect(rowOf("What a model sees", name)).toEqual([more.join(", ") || "-", yesNo(history), yesNo(memory), vectors]);
  });

  it("names what every preset redacts", () => {
    const missing = presets.standard.redact.filter((entity) => !page.includes(`\`${entity}\``));
    expect(missing).toEqual([]);
  });
});
