import { keysSchemas, mainSchemas } from "@cloister/embedded/schemas";
import { migrate, type Database } from "@cloister/storage";

/** Every schema of the product, as each service would make its own when it starts. */
export async function migrateAllSchemas(db: Database): Promise<void> {
  for (const { schema, migrations } of [...mainSchemas, ...keysSchemas]) await migrate(db, schema, migrations);
}
