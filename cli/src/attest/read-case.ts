import { open } from "node:fs/promises";
import { codeOf } from "@cloister/service";
import { CliError } from "../cli-error.ts";
import type { Streams } from "../terminal.ts";

/** Evidence with all of its collateral is some hundred KiB. */
export const MAX_CASE_BYTES = 16 * 1024 * 1024;

/** What was read, or a sentence about what is wrong with it and what to do. */
export type ReadCase =
  { readonly text: string; readonly problem?: undefined } | { readonly text?: undefined; readonly problem: string };

/**
 * The text of a case, from a file or, for `-`, from standard input; a problem if it is empty, above 16 MiB or no UTF-8.
 * @throws CliError FILE_UNREADABLE
 */
export async function readCase(path: string, { stdin }: Pick<Streams, "stdin">): Promise<ReadCase> {
  return textOf(path === "-" ? stdin : await openFile(path), path);
}

const nothing = "The input is empty: name its file with --input, or pipe it into standard input.";
const tooLarge =
  "The input is above 16 MiB, and evidence with all of its collateral is some hundred KiB: is it the right file?";
const noText =
  "The input is no UTF-8 text: if it is a report, a quote or a document itself, put it into a case as base64; cloister attest verify --help shows how.";

async function openFile(path: string): Promise<AsyncIterable<unknown>> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function textOf(chunks: AsyncIterable<unknown>, path: string): Promise<ReadCase> {
  const read: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      const bytes = Buffer.from(chunk instanceof Uint8Array ? chunk : String(chunk));
      length += bytes.length;
      if (length > MAX_CASE_BYTES) return { problem: tooLarge };
      read.push(bytes);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (length === 0) return { problem: nothing };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(read)) };
  } catch {
    return { problem: noText };
  }
}

function unreadable(path: string, error: unknown): CliError {
  return new CliError("FILE_UNREADABLE", `${path} can't be read (${codeOf(error)}): is that its path?`);
}
