import { Kysely, PostgresDialect } from "kysely";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import pg from "pg";
import { coalesce, coalescingSocket } from "./coalescing-socket.ts";
import { scopedPool } from "./tenants/scoped-pool.ts";
import type { Database, PostgresOptions } from "./database.ts";

const INT8 = 20;
const GOODBYE_MS = 500;

/** int8 as a number, as PGlite gives it; offsets, counts and milliseconds stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
};

/** Keeps the socket in the set until it is closed. */
function noted(socket: Socket, sockets: Set<Socket>): Socket {
  sockets.add(socket);
  return socket.once("close", () => sockets.delete(socket));
}

export function openPostgres(options: PostgresOptions): Database {
  const sockets = new Set<Socket>();
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    statement_timeout: options.statementTimeoutMs ?? 10_000,
    idle_in_transaction_session_timeout: options.idleTransactionTimeoutMs ?? 30_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    application_name: options.applicationName ?? "cloister",
    types,
    // Several statements travel together (see scoped-pool.ts); each still waits for those before it.
    pipeline: true,
    stream: () => noted(coalescingSocket(), sockets),
  });
  // An idle connection that dies is replaced by the pool; unheard, the event would end the process.
  pool.on("error", () => undefined);
  // So is one that dies in somebody's hands, whose statement fails: the pool listens to idle ones only.
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
    const stream = client instanceof pg.Client ? client.connection.stream : undefined;
    if (stream instanceof TLSSocket) coalesce(stream);
  });
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: scopedPool(pool) }) });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await kysely.destroy();
    if (!pool.ended) await pool.end();
    // pg leaves a connection open whose login it can't go on with; the others have a moment to say goodbye.
    const ended = Promise.allSettled([...sockets].map((socket) => once(socket, "close")));
    await Promise.race([ended, delay(GOODBYE_MS, undefined, { ref: false })]);
    for (const socket of sockets) socket.destroy();
  };
  return {
    engine: "postgres",
    kysely,
    pglite: null,
    url: options.url,
    migrations: options.migrations ?? "apply",
    close: () => (closing ??= close()),
  };
}
