import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, it } from "@jest/globals";

const root = resolve(import.meta.dirname, "../../..");
const importPattern = /^\s*(?:import|export)\s(?!type\s)[^;]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"/gmu;

/** Where one of our packages' entry points lies, by the same `exports` that everybody resolves. */
function sourceOf(specifier: string): string {
  const [, name = "", entry = ""] = /^@cloister\/([^/]+)(\/.*)?$/u.exec(specifier) ?? [];
  const folder = join(root, "libs", name);
  // Written by us, in the form that all our packages have.
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, { "cloister-source": string }>;
  };
  return join(folder, manifest.exports[`.${entry}`]?.["cloister-source"] ?? "");
}

/** Every specifier that is imported, for more than types, by a file or by what it imports of this repository. */
function importsOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const specifiers = [...readFileSync(file, "utf8").matchAll(importPattern)].map(
    ([, from, bare]) => from ?? bare ?? "",
  );
  return specifiers.flatMap((specifier) => {
    if (specifier.startsWith(".")) return importsOf(resolve(file, "..", specifier), seen);
    return specifier.startsWith("@cloister/") ? importsOf(sourceOf(specifier), seen) : [specifier];
  });
}

describe("the SDK in a browser", () => {
  it("needs no module of Node, nor does anything of ours that it imports", () => {
    const specifiers = new Set(importsOf(join(root, "libs/client/src/index.ts")));
    expect([...specifiers].filter((specifier) => specifier.startsWith("node:"))).toEqual([]);
    // The walk did reach what lies below: the curves of the backend for browsers.
    expect([...specifiers].some((specifier) => specifier.startsWith("@noble/post-quantum"))).toBe(true);
  });
});
