// `npm run docs`: writes the pages of docs/ that the code itself knows. `npm run docs -- --check` fails if one is out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedPages } from "./docs/generated-pages.ts";
import { repositoryRoot } from "./lint/workspaces.ts";

const isCheck = process.argv.includes("--check");
for (const [path, content] of Object.entries(await generatedPages())) {
  const file = join(repositoryRoot, path);
  if (!isCheck) writeFileSync(file, content);
  else if (readFileSync(file, "utf8") !== content) {
    console.error(`${path} is out of date: npm run docs`);
    process.exitCode = 1;
  }
}
