import type { Readable } from "node:stream";
import { hashListedValue, PiiError } from "@cloister/pii";
import { bytesOf } from "../line-batches.ts";
import type { Streams } from "../terminal.ts";

/** Prints each line's value as an entry of a policy's hashed list. Resolves to whether every line could be one. */
export async function printHashes(input: Readable, salt: Uint8Array, { stdout, stderr }: Streams): Promise<boolean> {
  const parts: Buffer[] = [];
  for await (const chunk of input) parts.push(bytesOf(chunk));
  const lines = Buffer.concat(parts).toString("utf8").split(/\r?\n/);
  let isComplete = true;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      stdout.write(`${JSON.stringify(hashListedValue(line, salt))}\n`);
    } catch (error) {
      if (!(error instanceof PiiError)) throw error;
      isComplete = false;
      stderr.write(`line ${at + 1}: ${error.message}\n`);
    }
  }
  return isComplete;
}
