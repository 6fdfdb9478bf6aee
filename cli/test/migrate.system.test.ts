import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { mainSchemas } from "@cloister/embedded/schemas";
import {
  applyToDatabase,
  checkMigrated,
  migrate,
  openDatabase,
  prepareSchema,
  type Migrations,
} from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { sql } from "kysely";
import { command } from "./captured-terminal.ts";
import { buildCli, runCli } from "./spawned-cli.ts";

jest.setTimeout(120_000);

describeOnPostgres("on a PostgreSQL server", (url) => {
  describe("cloister migrate", () => {
    const suffix = randomBytes(4).toString("hex");
    const flags: string[] = [];
    const prefix = ["--role-prefix", `cloister_${suffix}`];

    const onServer = async (database: string, statement: string): Promise<readonly unknown[]> => {
      const db = await openDatabase({ engine: "postgres", url: at(database) });
      const { rows } = await sql.raw(statement).execute(db.kysely);
      await db.close();
      return rows;
    };
    const at = (database: string): string => {
      const named = new URL(url());
      named.pathname = `/${database}`;
      return named.href;
    };
    const schemasOf = (database: string) =>
      onServer(database, "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public)'");

    beforeAll(async () => {
      for (const name of ["main", "keys"]) {
        await onServer(new URL(url()).pathname.slice(1), `create database ${name}_${suffix}`);
      }
      flags.push("--database", at(`main_${suffix}`), "--keys-database", at(`keys_${suffix}`), ...prefix);
      await buildCli();
    });
    afterAll(async () => {
      for (const name of ["main", "keys"]) {
        await onServer(new URL(url()).pathname.slice(1), `drop database ${name}_${suffix} with (force)`);
      }
    });

    it("plans without changing anything, and says what is missing", async () => {
      const { stdout, exitCode } = await command("migrate", "plan", "--sql", ...flags);
      expect([exitCode, await schemasOf(`main_${suffix}`)]).toEqual([0, []]);
      for (const part of ["run    ingest 100_messages_and_mailbox", 'create table "ingest"."mailbox"', "make   role"]) {
        expect(stdout).toContain(part);
      }
      const status = await command("migrate", "status", ...flags);
      expect([status.exitCode, status.stderr.split(":")[1]?.trim()]).toEqual([1, "MIGRATIONS_PENDING"]);
    });

    it("lets a service that only checks refuse to start, naming the command", async () => {
      const db = await openDatabase({ engine: "postgres", url: at(`main_${suffix}`), migrations: "check" });
      const [ingest] = mainSchemas.filter(({ schema }) => schema === "ingest");
      if (ingest === undefined) throw new Error("ingest has a schema");
      await expect(prepareSchema(db, ingest.schema, ingest.migrations)).rejects.toMatchObject({
        code: "SCHEMA_OUTDATED",
        message: expect.stringContaining("cloister migrate apply"),
      });
      expect(await schemasOf(`main_${suffix}`)).toEqual([]);
      await db.close();
    });

    it("applies once when three processes start at once", async () => {
      const runs = await Promise.all(
        Array.from({ length: 3 }, () => runCli(".", "migrate", "apply", "--json", ...flags)),
      );
      expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(Array(3).fill([0, ""]));
      const steps = runs.flatMap(({ stdout }) => [...stdout.matchAll(/"100_messages_and_mailbox"/gu)]);
      expect(steps).toHaveLength(1);
      const { exitCode, stdout } = await command("migrate", "status", "--json", ...flags);
      expect([exitCode, JSON.parse(stdout)]).toMatchObject([
        0,
        {
          databases: [
            { database: "main", isUpToDate: true },
            { database: "keys", isUpToDate: true },
          ],
        },
      ]);
      expect((await command("migrate", "plan", ...flags)).stdout).toBe("main: nothing to do\nkeys: nothing to do\n");
    });

    it("applies once when six connections of one process do it at once", async () => {
      const name = `many_${suffix}`;
      await onServer(`main_${suffix}`, `create database ${name}`);
      const applied = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const db = await openDatabase({
            engine: "postgres",
            url: at(name),
            maxConnections: 2,
            statementTimeoutMs: 0,
          });
          const { schemas } = await applyToDatabase(db, mainSchemas, { access: { rolePrefix: `many_${suffix}` } });
          await db.close();
          return schemas.flatMap(({ steps }) => steps).length;
        }),
      );
      expect(applied.filter((count) => count > 0)).toHaveLength(1);
      await onServer(`main_${suffix}`, `drop database ${name} with (force)`);
    });

    it("gives back a right that somebody took away, and takes away what somebody gave", async () => {
      const role = `cloister_${suffix}_ingest`;
      await onServer(`main_${suffix}`, `revoke select on ingest.mailbox from ${role}`);
      await onServer(`main_${suffix}`, `grant select on redaction.map_entry to ${role}`);
      expect((await command("migrate", "status", ...flags)).stdout).toContain("main: 0 roles and 1 rights are missing");
      await command("migrate", "apply", ...flags);
      const rights = await onServer(
        `main_${suffix}`,
        `select has_table_privilege('${role}', 'ingest.mailbox', 'select') as own,
          has_table_privilege('${role}', 'redaction.map_entry', 'select') as other`,
      );
      expect(rights).toEqual([{ own: true, other: false }]);
    });

    it("says what is wrong with the database, the login, its rights, or the flags", async () => {
      const stranger = `stranger_${suffix}`;
      await onServer(`main_${suffix}`, `create role ${stranger} login password 'p'`);
      const as = (user: string, database: string, port?: string): string => {
        const named = new URL(at(database));
        [named.username, named.password, named.port] = [user, "p", port ?? named.port];
        return named.href;
      };
      const codeOf = async (...args: string[]): Promise<string> => {
        const { exitCode, stderr } = await command("migrate", ...args, ...prefix);
        expect(stderr).not.toContain(":p@");
        return `${exitCode} ${stderr.split(":")[1]?.trim() ?? ""}`;
      };
      const codes = [
        await codeOf("status", "--database", as("nobody", "x", "1")),
        await codeOf("status", "--database", as(stranger, `none_${suffix}`)),
        await codeOf("apply", "--database", as(stranger, `main_${suffix}`)),
        await codeOf("plan"),
        await codeOf("plan", "--database", "http://127.0.0.1"),
      ];
      expect(codes).toEqual([
        "1 DATABASE_UNAVAILABLE",
        "1 DATABASE_REFUSED",
        "1 RIGHTS_MISSING",
        "1 DATABASE_MISSING",
        "1 DATABASE_MISSING",
      ]);
    });

    it("refuses a schema that a later build has changed, which a service still works with", async () => {
      const db = await openDatabase({ engine: "postgres", url: at(`main_${suffix}`) });
      const now: Migrations = { "100_now": { up: () => Promise.resolve() } };
      await migrate(db, "later", { ...now, "200_later": { up: () => Promise.resolve() } });
      await expect(migrate(db, "later", now)).rejects.toMatchObject({ code: "SCHEMA_OUTDATED" });
      await expect(checkMigrated(db, "later", now)).resolves.toBeUndefined();
      await db.close();
    });
  });
});
