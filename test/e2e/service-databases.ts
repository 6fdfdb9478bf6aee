import { randomBytes } from "node:crypto";
import { keysSchemas, mainSchemas } from "@cloister/embedded/schemas";
import { applyToDatabase, openDatabase, type OwnedSchema, type ServiceRole } from "@cloister/storage";
import { sql } from "kysely";
import type { EnvironmentOf, ServiceName } from "./service-processes.ts";

const roleOf: Readonly<Record<ServiceName, ServiceRole>> = {
  keys: "keys",
  retention: "retention",
  embedding: "embedding",
  "enclave-inference": "inference",
  redaction: "redaction",
  ingest: "ingest",
};

/**
 * What `cloister migrate apply` and an operator do before a rollout: schemas, roles, and a login of its own for each
 * service, which has its role's rights and no others. The databases are named by their owner's URLs.
 */
export async function prepareDatabases(mainUrl: string, keysUrl: string): Promise<EnvironmentOf> {
  const rolePrefix = `cloister_${randomBytes(4).toString("hex")}`;
  await apply(mainUrl, mainSchemas, rolePrefix);
  await apply(keysUrl, keysSchemas, rolePrefix);
  const password = randomBytes(16).toString("hex");
  const owner = await openDatabase({ engine: "postgres", url: mainUrl });
  for (const role of Object.values(roleOf)) {
    const login = sql.id(`${rolePrefix}_${role}_login`);
    await sql`create role ${login} login password ${sql.lit(password)} in role ${sql.id(`${rolePrefix}_${role}`)}`.execute(
      owner.kysely,
    );
  }
  await owner.close();
  return (name) => {
    const url = new URL(name === "keys" ? keysUrl : mainUrl);
    url.username = `${rolePrefix}_${roleOf[name]}_login`;
    url.password = password;
    return { CLOISTER_DATABASE_URL: url.href, CLOISTER_MIGRATE: "check" };
  };
}

async function apply(url: string, schemas: readonly OwnedSchema[], rolePrefix: string): Promise<void> {
  const db = await openDatabase({ engine: "postgres", url, maxConnections: 2, statementTimeoutMs: 0 });
  try {
    await applyToDatabase(db, schemas, { access: { rolePrefix } });
  } finally {
    await db.close();
  }
}
