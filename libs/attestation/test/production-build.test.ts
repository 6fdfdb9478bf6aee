import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import manifest from "../package.json" with { type: "json" };

/** The source files that an entry point reaches inside its package. */
function reachedFrom(entry: URL, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(entry.pathname)) return reached;
  reached.add(entry.pathname);
  const imports = readFileSync(entry, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
  for (const [, path = ""] of imports) reachedFrom(new URL(path, entry), reached);
  return reached;
}

const { exports } = manifest;
const entries = Object.entries(exports).filter(([name]) => name !== "./simulated");

describe("what a production build contains of this library", () => {
  it.each(entries)("holds, by way of %s, neither the simulated evidence source nor its verifier", (_name, entry) => {
    const reached = [...reachedFrom(new URL(`../${entry["cloister-source"]}`, import.meta.url))];
    expect(reached.filter((path) => path.includes("/development/"))).toEqual([]);
  });

  it("is found by following imports, those of later loads among them", () => {
    const reached = [...reachedFrom(new URL("../src/index.ts", import.meta.url))].join("\n");
    expect(["/verify-evidence.ts", "/formats/nitro/cose-sign1.ts"].filter((file) => !reached.includes(file))).toEqual(
      [],
    );
  });
});
