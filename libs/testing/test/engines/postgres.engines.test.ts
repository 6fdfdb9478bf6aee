import { expect, it, jest } from "@jest/globals";
import pg from "pg";
import { describeOnPostgresServer } from "@cloister/testing";

jest.setTimeout(60_000);

async function ask(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ answer: unknown }>(text);
    return rows[0]?.answer;
  } finally {
    client.end().catch(() => undefined);
  }
}

describeOnPostgresServer("PostgreSQL of our own", { settings: { synchronous_commit: "on" } }, (postgres) => {
  it("keeps what was committed over a kill of all its processes", async () => {
    await ask(postgres().url, "create table kept (answer int)");
    await ask(postgres().url, "insert into kept values (42)");
    await postgres().process?.kill();
    await expect(ask(postgres().url, "select answer from kept")).rejects.toThrow();
    await postgres().process?.start();
    expect(await ask(postgres().url, "select answer from kept")).toBe(42);
  });

  it("answers nothing while it is suspended", async () => {
    postgres().process?.suspend();
    await expect(ask(postgres().url, "select 1 as answer")).rejects.toThrow("timeout");
    postgres().process?.resume();
    expect(await ask(postgres().url, "select 1 as answer")).toBe(1);
  });

  it("makes further databases", async () => {
    expect(await ask(await postgres().createDatabase(), "select current_user as answer")).toBe("postgres");
  });
});

describeOnPostgresServer("PostgreSQL with pgvector", { pgvector: true }, (postgres) => {
  it("measures the distance of two vectors", async () => {
    await ask(postgres().url, "create extension vector");
    expect(await ask(postgres().url, "select '[1,2]'::vector <-> '[1,4]'::vector as answer")).toBe(2);
  });
});
