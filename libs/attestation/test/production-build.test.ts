import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";

/** The source files that an entry point reaches inside its package. */
function reachedFrom(entry: URL, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(entry.pathname)) return reached;
  reached.add(entry.pathname);
  const imports = readFileSync(entry, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
  for (const [, path = ""] of imports) reachedFrom(new URL(path, entry), reached);
  return reached;
}

describe("what a production build contains of this library", () => {
  const production = [...reachedFrom(new URL("../src/index.ts", import.meta.url))];

  it("is found by following its imports", () => {
    expect(production.some((path) => path.endsWith("/verify-evidence.ts"))).toBe(true);
  });

  it("holds neither the simulated evidence source nor its verifier", () => {
    expect(production.filter((path) => path.includes("simulated"))).toEqual([]);
  });
});
