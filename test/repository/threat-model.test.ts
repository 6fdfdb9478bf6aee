import { globSync, readFileSync } from "node:fs";
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

  it("names each attempt of the operator", () => {
    const names = globSync("test/operator/*.test.ts", { cwd: repositoryRoot }).flatMap((path) =>
      Array.from(
        readFileSync(join(repositoryRoot, path), "utf8").matchAll(
          /^\s*(?:it\(|\]\)\()"((?:can(?:'t)? |gains )[^"]*)"/gmu,
        ),
        ([, name = ""]) => name,
      ),
    );
    const isNamed = new Set(named.map(({ name }) => name));
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !isNamed.has(name))).toEqual([]);
  });

  it("names a test for each row of its tables", () => {
    const isRuler = (line: string | undefined) => line?.startsWith("| ---") === true;
    const rows = page
      .split("\n")
      .filter((line, at, lines) => line.startsWith("| ") && !isRuler(line) && !isRuler(lines[at + 1]));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((row) => !row.includes(".test.ts)"))).toEqual([]);
  });
});
