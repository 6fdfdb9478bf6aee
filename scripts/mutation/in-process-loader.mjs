/** Loads TypeScript as Jest does, and the sandbox's sources where packages lead back to the repository's. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { realpathSync } from "node:fs";
import { transformSync } from "@swc/core";
import repository from "../../jest.config.mjs";

const [, swcOptions] = repository.projects[0].transform["\\.ts$"];
const ours = new Set(["libs", "services", "embedded", "cli"]);
const globals = new URL("./in-process-globals.mjs", import.meta.url).href;

/** Needs `--conditions=cloister-source`. Is in force for the rest of the process. */
export function loadFromSandbox(sandbox) {
  const real = dirname(realpathSync(join(sandbox, "node_modules")));
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "@jest/globals") return { url: globals, format: "module", shortCircuit: true };
      const found = next(specifier, context);
      if (!found.url.startsWith("file:")) return found;
      const path = relative(real, fileURLToPath(found.url));
      return ours.has(path.split(sep)[0]) ? { ...found, url: pathToFileURL(join(sandbox, path)).href } : found;
    },
    load(url, context, next) {
      if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
      const filename = fileURLToPath(url);
      const { code } = transformSync(readFileSync(filename, "utf8"), { ...swcOptions, filename, sourceMaps: "inline" });
      return { format: "module", source: code, shortCircuit: true };
    },
  });
}
