import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import type { Migrations } from "./migrate.ts";
import { allSteps } from "./migrate.ts";

/**
 * The SQL of some steps of a schema, without a database. What a step does for each row that it finds is not in it, since
 * it finds none here.
 */
export async function statementsOf(
  schema: string,
  migrations: Migrations,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const byStep = new Map<string, readonly string[]>();
  const steps = allSteps(migrations);
  for (const name of names) {
    const statements: string[] = [];
    const db = new Kysely<unknown>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (of) => new PostgresIntrospector(of),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
      log: ({ query }) => void statements.push(query.sql),
    });
    await steps[name]?.up(db.withSchema(schema), schema);
    byStep.set(name, statements);
  }
  return byStep;
}
