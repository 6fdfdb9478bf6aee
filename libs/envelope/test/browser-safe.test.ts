import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";

/** All that an entry imports, directly and through the library's own files. */
function importsOf(file: URL, seen = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  if (seen.has(file.href)) return seen;
  const imports = [...readFileSync(file, "utf8").matchAll(/from "([^"]+)"/gu)].map(([, from]) => from ?? "");
  seen.set(file.href, imports);
  for (const from of imports) if (from.startsWith(".")) importsOf(new URL(from, file), seen);
  return seen;
}

describe("the library", () => {
  it.each(["index.ts", "noble.ts", "web.ts"])("imports nothing of Node from %s", (entry) => {
    const files = importsOf(new URL(`../src/${entry}`, import.meta.url));
    const packages = new Set([...files.values()].flat().filter((from) => !from.startsWith(".")));

    expect(
      [...packages].filter((name) => !name.startsWith("@noble/") && !name.startsWith("@cloister/contracts")),
    ).toEqual([]);
    expect(packages.size).toBeGreaterThan(2);
  });
});
