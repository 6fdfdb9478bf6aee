/** All suites of a target in one file, so that its sources are loaded once for each mutant and not once for each suite. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { chosenTarget } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const suites = chosenTarget().tests.flatMap((pattern) => globSync(pattern, { cwd: root }).sort());
for (const suite of suites) await import(`../../${suite}`);
