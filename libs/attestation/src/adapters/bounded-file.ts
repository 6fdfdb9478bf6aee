import { open } from "node:fs/promises";
import { errnoOf, unavailable } from "./unavailable.ts";

/** Evidence as a whole has at most 64 KiB, and so has each part of it. */
const MAX_FILE_BYTES = 64 * 1024;

/**
 * A file that the operator keeps current, read anew each time.
 * @param task what has to be done when it is missing, as a question
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault COLLATERAL_MISSING if it is missing, unreadable or above 64 KiB
 */
export async function readBoundedFile(path: string, task: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const buffer = new Uint8Array(MAX_FILE_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead <= MAX_FILE_BYTES) return buffer.slice(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw missing(path, task, cause);
  }
  throw missing(path, task);
}

function missing(path: string, task: string, cause?: unknown): Error {
  const why = errnoOf(cause) ?? "above 64 KiB";
  return unavailable("COLLATERAL_MISSING", `${path} can't be read (${why}): ${task}`, cause);
}
