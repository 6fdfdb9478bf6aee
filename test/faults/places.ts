import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { searchForValues, type SearchedPlace, type SearchReport } from "@cloister/canary";
import { serviceNames } from "../e2e/service-processes.ts";
import type { Deployment } from "./deployment.ts";

const PIECE_BYTES = 4 * 1024 * 1024;
/** Longer than any encoding of a canary, so that none is cut in two by a piece's border. */
const OVERLAP_BYTES = 4 * 1024;

/** Looks for every canary in every file of the engines and every line of the services. */
export function searchDeployment(deployment: Deployment, canaries: readonly string[]): Promise<SearchReport> {
  return searchForValues(canaries, placesOf(deployment));
}

async function* placesOf({ folders, services }: Deployment): AsyncGenerator<SearchedPlace> {
  for (const { name, path } of folders) yield* filesOf(name, path);
  for (const name of serviceNames) {
    yield { place: `log lines of ${name}`, chunks: [Buffer.from(services.outputOf(name))] };
  }
}

async function* filesOf(name: string, folder: string): AsyncGenerator<SearchedPlace> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield { place: `${name}: ${relative(folder, path)}`, chunks: piecesOf(path, buffer) };
  }
}

/** A file piece by piece; each begins with the end of the one before. One that is gone by now holds nothing. */
async function* piecesOf(path: string, buffer: Buffer): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return;
  try {
    for (let kept = 0; ;) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept);
      if (bytesRead === 0) return;
      const filled = kept + bytesRead;
      yield buffer.subarray(0, filled);
      kept = Math.min(filled, OVERLAP_BYTES);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    await file.close();
  }
}
