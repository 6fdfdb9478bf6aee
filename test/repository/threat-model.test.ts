import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

const page = readFileSync(join(repositoryRoot, "docs/threat-model.md"), "utf8");
const named = Array.from(page.matchAll(/\[([^[\]]+)\]\(\.\.\/([^)]+\.test\.ts)\)/gu), ([, name = "", path = ""]) => ({
  name,
  path,
}));

describe("the threat model", () => {
  it("names tests that exist", () => {
    const isMissing = ({ name, path }: (typeof named)[number]) =>
      !readFileSync(join(repositoryRoot, path), "utf8").includes(`"${name}"`);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(isMissing)).toEqual([]);
  });

  it("names a test for each row of its table", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.includes("---"));
    expect(rows.slice(1).filter((row) => !row.includes(".test.ts)"))).toEqual([]);
  });
});
