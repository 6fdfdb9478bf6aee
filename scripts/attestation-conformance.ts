/** `npm run conformance:attestation -- DIR`: verifies each folder below DIR that has input.json and expected.json. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { disagreementOf } from "@cloister/attestation/conformance";

const [folder] = process.argv.slice(2);
if (folder === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
  console.error("npm run conformance:attestation -- DIR: there is no such folder. It holds cases, a folder each.");
  process.exit(2);
}

const nowMs = Date.now();
const tallies = new Map<string, { agree: number; all: number }>();
for (const path of casesBelow(resolve(folder))) {
  const family = basename(dirname(path));
  const tally = tallies.get(family) ?? { agree: 0, all: 0 };
  const disagreement = await judge(path);
  tallies.set(family, { agree: tally.agree + (disagreement === undefined ? 1 : 0), all: tally.all + 1 });
  if (disagreement !== undefined) console.log(`${family}/${basename(path)}: ${disagreement}`);
}
for (const [family, { agree, all }] of tallies) console.log(`${family}: ${String(agree)} of ${String(all)} agree`);
const [agree, all] = (["agree", "all"] as const).map((count) =>
  [...tallies.values()].reduce((sum, tally) => sum + tally[count], 0),
);
console.log(
  all === 0
    ? "There is no case: none has both input.json and expected.json."
    : `${String(agree)} of ${String(all)} cases agree`,
);
process.exitCode = agree === all && all !== 0 ? 0 : 1;

function casesBelow(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const own = names.has("input.json") && names.has("expected.json") ? [path] : [];
  const inner = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => casesBelow(join(path, name)));
  return [...own, ...inner.toSorted()];
}

/** A case that can't be judged disagrees, and the others are judged nevertheless. */
async function judge(path: string): Promise<string | undefined> {
  try {
    return await disagreementOf(readJson(path, "input.json"), readJson(path, "expected.json"), nowMs);
  } catch (error) {
    return `can't be judged: ${error instanceof Error ? error.message : String(error)}`;
  }
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
