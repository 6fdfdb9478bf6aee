import { format, resolveConfig } from "prettier";
import { repositoryRoot } from "../lint/workspaces.ts";
import { cliPage } from "./cli-page.ts";
import { configurationPage } from "./configuration-page.ts";
import { errorsPage } from "./errors-page.ts";
import { presetPages } from "./preset-pages.ts";

/** The generated pages by path, formatted as Prettier wants them. */
export async function generatedPages(): Promise<Readonly<Record<string, string>>> {
  const options = { ...(await resolveConfig(`${repositoryRoot}/docs/cli.md`)), parser: "markdown" };
  return {
    "docs/configuration.md": await format(configurationPage(), options),
    "docs/cli.md": await format(cliPage(), options),
    "docs/errors.md": await format(errorsPage(), options),
    ...Object.fromEntries(
      await Promise.all(
        Object.entries(presetPages()).map(async ([path, page]) => [path, await format(page, options)] as const),
      ),
    ),
  };
}
