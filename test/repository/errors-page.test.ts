import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { httpStatusOfKeysError, parseKeysErrorCode } from "@cloister/contracts/keys/errors";
import { ingestProblems } from "@cloister/service-ingest";
import { errorChapters } from "../../scripts/docs/error-catalogues.ts";
import { errorsPage } from "../../scripts/docs/errors-page.ts";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*/src/*.ts"], {
  cwd: repositoryRoot,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && !path.includes("/gen/"))
  .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), "utf8") }));

const code = `"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)"`;
/** A code where it is thrown, answered or declared. */
const occurrences = [
  new RegExp(`\\bnew \\w*(?:Error|Refusal|RefusedEvent)\\(\\s*${code}`, "gu"),
  new RegExp(`\\b(?:problem|invalidToken|poison)\\(\\s*${code}`, "gu"),
  new RegExp(`\\bfailed\\(\\s*"\\w+",\\s*${code}`, "gu"),
  new RegExp(`\\b(?:code|problem): ${code}`, "gu"),
];

const described = new Set(
  errorChapters.flatMap(({ catalogues }) => Object.values(catalogues).flatMap((catalogue) => Object.keys(catalogue))),
);

describe("docs/errors.md", () => {
  it("describes every code that the sources use", () => {
    const used = sources.flatMap(({ path, text }) =>
      occurrences.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = ""]) => ({ path, name }))),
    );
    expect(used.length).toBeGreaterThan(200);
    expect(used.filter(({ name }) => !described.has(name))).toEqual([]);
  });

  it("has every catalogue of codes that a package declares", () => {
    const listed = readFileSync(join(repositoryRoot, "scripts/docs/error-catalogues.ts"), "utf8");
    // Listed as part of problemsAtTheDoors.
    const withinAnother = ["ingestProblems"];
    const declared = sources.flatMap(({ text }) =>
      [...text.matchAll(/^export const (\w+(?:Errors|Problems)) = \{/gmu)].map(([, name = ""]) => name),
    );
    expect(declared.filter((name) => !listed.includes(name) && !withinAnother.includes(name))).toEqual([]);
  });

  it("declares codes in described catalogues only, never as a bare union", () => {
    const bare = /^export type \w+(?:ErrorCode|Problem)\s*=\s*\|?\s*(?:\/\*\*[^*]*\*\/\s*)?"[A-Z_]+"/mu;
    expect(sources.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("gives each code one anchor, at the place where a problem's type points", () => {
    const anchors = [...errorsPage().matchAll(/<a id="(\w+)">/gu)].map(([, name = ""]) => name);
    expect(anchors.toSorted()).toEqual([...described].toSorted());
  });

  it("knows one HTTP status for each code, whoever answers with it", () => {
    const both = Object.entries(ingestProblems).flatMap(([code, { httpStatus }]) => {
      const ofKeys = httpStatusOfKeysError(parseKeysErrorCode(code) ?? "UNAVAILABLE");
      return ofKeys === undefined || ofKeys === httpStatus ? [] : [code];
    });
    expect(both).toEqual([]);
  });

  it("says of each code in a sentence what happened and what to do", () => {
    const entries = errorChapters.flatMap(({ catalogues }) =>
      Object.values(catalogues).flatMap((catalogue) => Object.entries(catalogue)),
    );
    const isSentence = ({ title, remedy }: { title: string; remedy: string }) =>
      /^\S.*[^.]$/u.test(title) && /^\S.*\.$/u.test(remedy);
    expect(entries.filter(([, description]) => !isSentence(description))).toEqual([]);
  });
});
