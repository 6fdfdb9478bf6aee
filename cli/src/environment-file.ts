import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { codeOf } from "@cloister/service";
import { CliError } from "./cli-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a file of NAME=value lines, those of `env` before them. @throws CliError FILE_UNREADABLE */
export async function environmentWith(file: string | undefined, env: Environment): Promise<Environment> {
  if (file === undefined) return env;
  try {
    return { ...parseEnv(await readFile(file, "utf8")), ...env };
  } catch (error) {
    throw new CliError("FILE_UNREADABLE", `The file of variables ${file} can't be read (${codeOf(error)}).`);
  }
}
