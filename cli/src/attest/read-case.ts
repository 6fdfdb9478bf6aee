import { open } from "node:fs/promises";
import { codeOf } from "@cloister/service";
import { CliError } from "../cli-error.ts";
import type { Streams } from "../terminal.ts";

/** Evidence with all of its collateral is some hundred KiB. */
export const MAX_CASE_BYTES = 16 * 1024 * 1024;

/**
 * The text of a case, from a file or, for `-`, from standard input; undefined if it is above 16 MiB or no UTF-8.
 * @throws CliError FILE_UNREADABLE
 */
export async function readCase(path: string, { stdin }: Pick<Streams, "stdin">): Promise<string | undefined> {
  return textOf(path === "-" ? stdin : await openFile(path), path);
}

async function openFile(path: string): Promise<AsyncIterable<unknown>> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function textOf(chunks: AsyncIterable<unknown>, path: string): Promise<string | undefined> {
  const read: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      const bytes = Buffer.from(chunk instanceof Uint8Array ? chunk : String(chunk));
      length += bytes.length;
      if (length > MAX_CASE_BYTES) return undefined;
      read.push(bytes);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(read));
  } catch {
    return undefined;
  }
}

function unreadable(path: string, error: unknown): CliError {
  return new CliError("FILE_UNREADABLE", `${path} can't be read (${codeOf(error)}): is that its path?`);
}
