/** `npm run conformance:attestation -- DIR`: verifies each folder below DIR that has input.json and expected.json. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { disagreementOf } from "@cloister/attestation/conformance";

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.error("Usage: npm run conformance:attestation -- DIR");
  process.exit(2);
}

const nowMs = Date.now();
const tallies = new Map<string, { agree: number; all: number }>();
for (const path of casesBelow(resolve(folder))) {
  const family = basename(dirname(path));
  const tally = tallies.get(family) ?? { agree: 0, all: 0 };
  const disagreement = await disagreementOf(readJson(path, "input.json"), readJson(path, "expected.json"), nowMs);
  tallies.set(family, { agree: tally.agree + (disagreement === undefined ? 1 : 0), all: tally.all + 1 });
  if (disagreement !== undefined) console.log(`${family}/${basename(path)}: ${disagreement}`);
}
for (const [family, { agree, all }] of tallies) console.log(`${family}: ${String(agree)} of ${String(all)} agree`);
const [agree, all] = (["agree", "all"] as const).map((count) =>
  [...tallies.values()].reduce((sum, tally) => sum + tally[count], 0),
);
console.log(`${String(agree)} of ${String(all)} cases agree`);
process.exitCode = agree === all && all !== 0 ? 0 : 1;

function casesBelow(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const own = names.has("input.json") && names.has("expected.json") ? [path] : [];
  const inner = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => casesBelow(join(path, name)));
  return [...own, ...inner.toSorted()];
}

/** Text that is no JSON is an input, too. */
function readJson(path: string, name: string): unknown {
  const text = readFileSync(join(path, name), "utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
