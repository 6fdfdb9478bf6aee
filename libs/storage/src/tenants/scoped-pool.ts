import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type pg from "pg";
import { isPlanOutdated, isSessionForeign } from "../outage.ts";
import { StatementNames } from "../statement-names.ts";
import { scopeSettings } from "./row-scope.ts";

/**
 * A pool whose transactions begin with the settings of the scope that they were begun under, in the message that begins
 * them; a statement outside of one, asked under a scope, becomes a transaction of its own whose three parts travel
 * together. So no round trip is added. The pool's clients must be in pg's pipeline mode. Statements that come again and
 * again are prepared.
 */
export function scopedPool(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const names = new StatementNames();
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect();
      const known = clients.get(client);
      if (known !== undefined) return known;
      const scoped = new ScopedClient(client, names);
      clients.set(client, scoped);
      return scoped;
    },
  };
}

class ScopedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #names: StatementNames;
  #isInTransaction = false;

  constructor(client: pg.PoolClient, names: StatementNames) {
    this.#client = client;
    this.#names = names;
  }

  release(destroy?: boolean): void {
    this.#isInTransaction = false;
    this.#client.release(destroy);
  }

  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query(cursor: unknown): never;
  query<R>(text: unknown, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    if (typeof text !== "string") throw new TypeError("cursors are not used here");
    if (/^(?:begin|start transaction)\b/u.test(text)) return this.#begin(text);
    if (text === "commit" || text === "rollback") {
      // As it is: nothing else is taken of a transaction that failed.
      this.#isInTransaction = false;
      return this.#ask(text, parameters);
    }
    return this.#isInTransaction ? this.#ask(text, parameters) : this.#askOutside(text, parameters);
  }

  /** Again at once when the plan was to blame, which was forgotten with it. In a transaction `inTransaction` does so. */
  async #askOutside<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const settings = scopeSettings();
    const ask = () =>
      settings === undefined ? this.#ask<R>(text, parameters) : this.#askAlone<R>(settings, text, parameters);
    try {
      return await ask();
    } catch (error) {
      if (isPlanOutdated(error) || isSessionForeign(error)) return ask();
      throw error;
    }
  }

  /** Awaited: a statement sent along would be on its own, and stay, if the transaction did not begin. */
  #begin<R>(text: string): Promise<PostgresQueryResult<R>> {
    this.#isInTransaction = true;
    const settings = scopeSettings();
    return this.#ask(settings === undefined ? text : `${text}; ${settings}`, []);
  }

  /** The answer is that of the statement, or its error; whatever became of it, the transaction has ended. */
  async #askAlone<R>(settings: string, text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const [begun, answer, ended] = await Promise.allSettled([
      this.#ask(`begin isolation level read committed; ${settings}`, []),
      this.#ask<R>(text, parameters),
      this.#ask("commit", []),
    ]);
    if (answer.status === "rejected") throw answer.reason;
    for (const one of [begun, ended]) if (one.status === "rejected") throw one.reason;
    return answer.value;
  }

  async #ask<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const name = parameters.length === 0 ? undefined : this.#names.nameOf(text);
    const values = [...parameters];
    try {
      const asked = name === undefined ? this.#client.query(text, values) : this.#client.query({ name, text, values });
      // pg's result has what Kysely reads of it: the rows, the command, how many rows; of several statements a list.
      return (await asked) as unknown as PostgresQueryResult<R>;
    } catch (error) {
      if (name !== undefined) this.#names.failed(error);
      throw error;
    }
  }
}
