import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { enginesInAdapters, layers, packageExports, pureLibraries } from "./import-rules.ts";
import { noLoggedPlaintext } from "./no-logged-plaintext.ts";
import { provedAssertion } from "./proved-assertion.ts";
import { repositoryRoot } from "./workspaces.ts";

/** A digest of these files, so that a changed rule, or a package's changed exports, empties ESLint's cache. */
function version(): string {
  const hash = createHash("sha256");
  const sources = globSync(["scripts/lint/*.ts", "{libs,services}/*/package.json", "{embedded,cli}/package.json"], {
    cwd: repositoryRoot,
  });
  for (const file of sources.sort()) hash.update(readFileSync(join(repositoryRoot, file)));
  return hash.digest("hex").slice(0, 16);
}

/** The repository's own rules: what docs/architecture.md says about imports, as lint errors. */
export const cloister = {
  meta: { name: "cloister", version: version() },
  rules: {
    layers,
    "package-exports": packageExports,
    "pure-libraries": pureLibraries,
    "engines-in-adapters": enginesInAdapters,
    "proved-assertion": provedAssertion,
    "no-logged-plaintext": noLoggedPlaintext,
  },
};
