import { randomBytes } from "node:crypto";
import { expect, it, jest } from "@jest/globals";
import { mainSchemas, pgvectorSchemas } from "@cloister/embedded/schemas";
import {
  forgetVectors,
  passageSchema,
  pgvectorVectors,
  protectedVectorIndex,
  type PassageTables,
} from "@cloister/retrieval";
import {
  applyToDatabase,
  inTransaction,
  ofTenants,
  openDatabase,
  schemaOf,
  sqlState,
  type Database,
  type ServiceRole,
} from "@cloister/storage";
import { describeOnPostgresServer } from "@cloister/testing";
import { sql } from "kysely";

jest.setTimeout(120_000);

const bucketEndMs = 1_900_000_000_000;
const id = (value: number): Uint8Array => new Uint8Array(16).fill(value);

describeOnPostgresServer("protected vectors under the services' roles", { pgvector: true }, (server) => {
  async function loginsOf(url: string): Promise<(role: ServiceRole) => Promise<Database>> {
    const rolePrefix = `cloister_${randomBytes(5).toString("hex")}`;
    const owner = await openDatabase({ engine: "postgres", url, statementTimeoutMs: 0 });
    await applyToDatabase(owner, [...mainSchemas, ...pgvectorSchemas()], { access: { rolePrefix } });
    for (const role of ["embedding", "inference", "retention"]) {
      const login = sql.id(`${rolePrefix}_${role}_login`);
      await sql`create role ${login} login in role ${sql.id(`${rolePrefix}_${role}`)}`.execute(owner.kysely);
    }
    await owner.close();
    return (role) => {
      const own = new URL(url);
      own.username = `${rolePrefix}_${role}_login`;
      return openDatabase({ engine: "postgres", url: own.href, migrations: "check" });
    };
  }

  it("are written by embedding, found by inference and ended by retention, each with its own rights alone", async () => {
    const as = await loginsOf(await server().createDatabase());
    const [embedding, inference, retention] = await Promise.all([as("embedding"), as("inference"), as("retention")]);
    const vector = Float32Array.from({ length: 160 }, (_, k) => (k === 0 ? 1 : 0));
    const named = { tenantId: id(1), conversationId: id(2), causeId: id(3), number: 0, bucketEndMs };
    const passage = { ...named, envelope: id(9), protection: { vector } };

    const writing = protectedVectorIndex(embedding, pgvectorVectors(embedding));
    await writing.prepare([bucketEndMs]);
    await writing.stage([passage]);
    const tables = schemaOf<PassageTables>(embedding, passageSchema);
    await inTransaction(tables, ofTenants([id(1)]), (tx) => writing.store(tx, [passage]));

    const reading = protectedVectorIndex(inference, pgvectorVectors(inference));
    const [[segment] = []] = await reading.segments([{ tenantId: id(1), conversationIds: [id(2)], nowMs: 0 }]);
    if (segment === undefined) throw new Error("what was stored has a segment");
    expect(await reading.nearest(segment, vector, 400)).toHaveLength(1);
    expect(await reading.nearest({ ...segment, tenantId: id(8) }, vector, 400)).toEqual([]);

    const refused = sql`select protected from protected_vectors.vector`.execute(retention.kysely).catch(sqlState);
    expect(await refused).toBe("42501");
    expect(await forgetVectors(retention, segment)).toBe(1);
    expect(await reading.nearest(segment, vector, 400)).toEqual([]);
    for (const db of [embedding, inference, retention]) await db.close();
  });
});
