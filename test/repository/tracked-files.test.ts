import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: repositoryRoot, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "");

/** The text of a tracked file; empty for what is deleted but not yet committed, and for binary files. */
function text(path: string): string {
  try {
    const content = readFileSync(join(repositoryRoot, path), "utf8");
    return content.includes("\0") ? "" : content;
  } catch {
    return "";
  }
}

/** In pieces, so that this file isn't found. */
const foreign = {
  "a path of somebody's machine": new RegExp(
    ["(^|[\\s\"'`(=:])/(work|tmp|root|home/\\w+|Users/\\w+)", "/"].join(""),
    "m",
  ),
  "the address of a package registry": new RegExp(
    ["registry[.]npmjs", "registry[.]yarnpkg", "pypi[.]org/simple", "repo[.]maven", "proxy[.]golang"].join("|"),
  ),
  "the number of an issue": new RegExp(["\\bissue", "#?\\d+\\b"].join(" "), "i"),
};

describe.each(Object.entries(foreign))("no tracked file holds %s", (_what, pattern) => {
  it("in its text", () => {
    expect(tracked.filter((path) => pattern.test(text(path)))).toEqual([]);
  });
});

describe("package-lock.json", () => {
  it("names no address that a package was fetched from", () => {
    expect(text("package-lock.json")).not.toMatch(/"resolved": "\w+:\/\//);
  });
});
