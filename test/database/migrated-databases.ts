import { randomBytes } from "node:crypto";
import { keysSchemas, mainSchemas } from "@cloister/embedded/schemas";
import { applyToDatabase, openDatabase, type Database, type OwnedSchema, type ServiceRole } from "@cloister/storage";
import { sql, type Kysely } from "kysely";

/** A new database on the server, migrated by an owner who is no superuser; looked at by one who is. */
export interface MigratedDatabase {
  readonly db: Database;
  readonly schemas: readonly OwnedSchema[];
  readonly roleNamed: (role: ServiceRole) => string;
  /** Runs `work` in a transaction with a role's rights, which is rolled back. */
  as<T>(role: ServiceRole, work: (tx: Kysely<unknown>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** `url` is a superuser's. */
export async function migratedDatabases(url: string): Promise<{ main: MigratedDatabase; keys: MigratedDatabase }> {
  const suffix = randomBytes(5).toString("hex");
  const rolePrefix = `cloister_${suffix}`;
  const server = await openDatabase({ engine: "postgres", url });
  await sql`create role ${sql.id(`owner_${suffix}`)} login createrole password ${sql.lit(suffix)}`.execute(
    server.kysely,
  );
  const open = async (name: string, schemas: readonly OwnedSchema[]): Promise<MigratedDatabase> => {
    await sql`create database ${sql.id(name)} owner ${sql.id(`owner_${suffix}`)}`.execute(server.kysely);
    const ownerUrl = new URL(url);
    [ownerUrl.pathname, ownerUrl.username, ownerUrl.password] = [`/${name}`, `owner_${suffix}`, suffix];
    const owner = await openDatabase({ engine: "postgres", url: ownerUrl.href, maxConnections: 2 });
    await applyToDatabase(owner, schemas, { access: { rolePrefix } });
    await owner.close();
    const superUrl = new URL(url);
    superUrl.pathname = `/${name}`;
    return opened(await openDatabase({ engine: "postgres", url: superUrl.href }), schemas, rolePrefix);
  };
  const main = await open(`main_${suffix}`, mainSchemas);
  const keys = await open(`keys_${suffix}`, keysSchemas);
  await server.close();
  return { main, keys };
}

class RolledBack extends Error {}

function opened(db: Database, schemas: readonly OwnedSchema[], rolePrefix: string): MigratedDatabase {
  const roleNamed = (role: ServiceRole): string => `${rolePrefix}_${role}`;
  return {
    db,
    schemas,
    roleNamed,
    async as(role, work) {
      const results: Awaited<ReturnType<typeof work>>[] = [];
      const transaction = db.kysely.transaction().execute(async (tx) => {
        await sql`set local role ${sql.id(roleNamed(role))}`.execute(tx);
        results.push(await work(tx));
        throw new RolledBack();
      });
      await transaction.catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error;
      });
      const [result] = results;
      if (result === undefined) throw new Error("the work gave nothing");
      return result;
    },
    close: () => db.close(),
  };
}
