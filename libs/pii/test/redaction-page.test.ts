import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { entityTypes } from "@cloister/pii";
import { patternRules } from "@cloister/pii/detectors";

const page = readFileSync(new URL("../../../docs/redaction.md", import.meta.url), "utf8");
const modelTypes: readonly string[] = ["PERSON", "LOCATION", "ORGANIZATION"];

describe("entities", () => {
  it("are all named on the page about redaction", () => {
    expect(entityTypes.filter((type) => !page.includes(`\n| \`${type}\` `))).toEqual([]);
  });

  it("have all something that finds them", () => {
    const found = new Set<string>([...modelTypes, ...patternRules.map((rule) => rule.type)]);
    expect(entityTypes.filter((type) => !found.has(type))).toEqual([]);
  });

  it("are found by detectors whose names are their own", () => {
    const names = patternRules.map((rule) => rule.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
