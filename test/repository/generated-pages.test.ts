import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { cliPage } from "../../scripts/docs/cli-page.ts";
import { configurationPage } from "../../scripts/docs/configuration-page.ts";
import { errorsPage } from "../../scripts/docs/errors-page.ts";
import { presetPages } from "../../scripts/docs/preset-pages.ts";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

/** The pages are stored as Prettier formats them; it pads tables and changes no word. */
const words = (page: string): string => page.replaceAll(/[ \n]+/gu, " ").replaceAll(/-{3,}/gu, "---");

it.each([
  ["docs/configuration.md", configurationPage],
  ["docs/cli.md", cliPage],
  ["docs/errors.md", errorsPage],
  ...Object.entries(presetPages()).map(([path, page]) => [path, () => page] as const),
])("%s is what `npm run docs` writes", (path, page) => {
  expect(words(readFileSync(join(repositoryRoot, path), "utf8"))).toBe(words(page()));
});
