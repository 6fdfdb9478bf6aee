import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { cachedFolder, type CacheOptions } from "./engine-cache.ts";
import { runTool } from "./engine-process.ts";

/**
 * The folder with the files of Python packages, fetched by pip when they aren't here yet. A virtual environment is bound
 * to the folder it was made in, so it serves to fetch and is left behind.
 */
export async function pythonPackages(
  name: string,
  packages: readonly string[],
  { withDependencies, ...cache }: CacheOptions & { readonly withDependencies: boolean },
): Promise<string> {
  const fetch = async (target: string): Promise<void> => {
    const environment = join(target, "environment");
    await runTool("python3", ["-m", "venv", environment]);
    const flags = ["--quiet", "--no-compile", ...(withDependencies ? [] : ["--no-deps"])];
    await runTool(join(environment, "bin/pip"), ["install", ...flags, "--target", join(target, "files"), ...packages]);
  };
  return join(await cachedFolder(name, fetch, cache), "files");
}

/** Why `pythonPackages` would fail, with what to install; undefined when it won't. */
export function missingForPython(what: string): string | undefined {
  try {
    execFileSync("python3", ["-c", "import ensurepip"], { stdio: "ignore" });
    return undefined;
  } catch {
    return `no python3 with venv, which fetches ${what} (apt-get install python3-venv)`;
  }
}
