import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { databaseOver, type Database } from "@cloister/storage";

/** An empty database in memory, a second faster than a new one: it starts from a snapshot kept in `.cache/`. */
export async function testDatabase(): Promise<Database> {
  return databaseOver(await PGlite.create({ loadDataDir: await emptySnapshot() }));
}

async function emptySnapshot(): Promise<Blob> {
  const folder = join(process.cwd(), ".cache", "pglite");
  const file = join(folder, "empty.tar");
  try {
    return new Blob([await readFile(file)]);
  } catch {
    const made = await PGlite.create();
    const dump = await made.dumpDataDir("none");
    await made.close();
    await mkdir(folder, { recursive: true });
    // Two workers may make it at once: each writes its own file, the last rename wins.
    const own = `${file}.${process.pid}`;
    await writeFile(own, new Uint8Array(await dump.arrayBuffer()));
    await rename(own, file);
    return dump;
  }
}
