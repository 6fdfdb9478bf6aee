import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { chown, copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeOnPostgresServer, eventually } from "@cloister/testing";
import { makeCertificate } from "@cloister/testing/engines";
import { sql } from "kysely";
import { inTransaction, ofTenants, openDatabase, type Database } from "../src/index.ts";

jest.setTimeout(120_000);

// In a folder of ours, where the certificate is put beside its tables.
const dataFolder = join(tmpdir(), `cloister-pg-tls-${process.pid}`);

describeOnPostgresServer("PostgreSQL over TLS", { dataFolder }, (postgres) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-certificates-"));
  });
  afterAll(async () => {
    for (const one of [folder, dataFolder]) await rm(one, { recursive: true, force: true });
  });

  const open = (query: Readonly<Record<string, string>>, host = "127.0.0.1"): Promise<Database> => {
    const url = new URL(postgres().url);
    url.hostname = host;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return openDatabase({ engine: "postgres", url: url.href, migrations: "check" });
  };

  async function isEncrypted(db: Database): Promise<boolean> {
    const { rows } = await sql<{ ssl: boolean }>`
      select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db.kysely);
    return rows[0]?.ssl ?? false;
  }

  async function refusal(db: Database): Promise<string> {
    const answer = await sql`select 1`.execute(db.kysely).then(
      () => "answered",
      (error: unknown) => String(error),
    );
    await db.close();
    return answer;
  }

  it("says nothing to a server that has none", async () => {
    const { certificateFile } = await makeCertificate(folder);
    const db = await open({ sslmode: "verify-full", sslrootcert: certificateFile });
    expect(await refusal(db)).toContain("does not support SSL");
  });

  it("is spoken with a server of the given authority, and with no other", async () => {
    const { certificateFile } = await serving();
    const db = await open({ sslmode: "verify-full", sslrootcert: certificateFile });
    expect(await isEncrypted(db)).toBe(true);
    const tenant = ofTenants([new Uint8Array(16)]);
    const rows = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        inTransaction(db.kysely, tenant, async (tx) => (await sql`select ${n}::integer as n`.execute(tx)).rows[0]),
      ),
    );
    expect(rows).toEqual(rows.map((_, n) => ({ n })));
    await db.close();

    const other = await mkdtemp(join(folder, "other-"));
    const { certificateFile: foreign } = await makeCertificate(other);
    expect(await refusal(await open({ sslmode: "verify-full", sslrootcert: foreign }))).toContain("self-signed");
    expect(await refusal(await open({ sslmode: "verify-full", sslrootcert: certificateFile }, "127.0.0.2"))).toMatch(
      /ECONNREFUSED|altnames/u,
    );
  });

  /** The server with a certificate, from its next connection on. */
  async function serving() {
    const files = await makeCertificate(folder);
    const tables = postgres().dataFolder ?? dataFolder;
    const { uid, gid } = await stat(tables);
    for (const file of [files.certificateFile, files.keyFile]) {
      const place = join(tables, file === files.keyFile ? "server.key" : "server.crt");
      await copyFile(file, place);
      await chown(place, uid, gid);
    }
    const db = await open({});
    await sql`alter system set ssl = on`.execute(db.kysely);
    await sql`select pg_reload_conf()`.execute(db.kysely);
    await db.close();
    await eventually(async () => {
      const again = await open({ sslmode: "verify-full", sslrootcert: files.certificateFile });
      const answer = await isEncrypted(again).finally(() => again.close());
      expect(answer).toBe(true);
    });
    return files;
  }
});
