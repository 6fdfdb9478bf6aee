import { sql, type Kysely } from "kysely";
import pg from "pg";
import { InProcessWakeUps } from "./in-process-wake-ups.ts";
import type { Unsubscribe, WakeUps } from "./wake-ups.ts";

const CHANNEL = "cloister_wake";
const RECONNECT_MS = 1_000;

/** One NOTIFY channel whose payload is ours; this process' own listeners are woken without the round trip. */
export class PostgresWakeUps implements WakeUps {
  readonly #local = new InProcessWakeUps();
  readonly #url: string;
  readonly #db: Kysely<unknown>;
  readonly #unsent = new Set<string>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(url: string, db: Kysely<unknown>) {
    this.#url = url;
    this.#db = db;
  }

  wake(channel: string): void {
    this.#local.wake(channel);
    const isFirst = this.#unsent.size === 0;
    this.#unsent.add(channel);
    if (isFirst) setImmediate(() => void this.#send());
  }

  subscribe(channel: string, listener: () => void): Unsubscribe {
    this.#connecting ??= this.#connect();
    return this.#local.subscribe(channel, listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#connecting;
    await this.#client?.end().catch(() => undefined);
    await this.#local.close();
  }

  async #send(): Promise<void> {
    const channels = [...this.#unsent];
    this.#unsent.clear();
    if (this.#isClosed) return;
    const payloads = sql.join(channels.map((channel) => sql`(${channel}::text)`));
    // A hint: whoever misses it looks by itself.
    await sql`select pg_notify(${CHANNEL}, payload) from (values ${payloads}) as t (payload)`
      .execute(this.#db)
      .catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, application_name: "cloister-wake" });
    client.on("error", () => undefined);
    client.on("end", () => this.#reconnectLater());
    client.on("notification", ({ payload }) => {
      if (payload !== undefined) this.#local.wake(payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#client = client;
    } catch {
      this.#reconnectLater();
    }
  }

  #reconnectLater(): void {
    this.#client = undefined;
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    const again = (): void => {
      this.#connecting = this.#connect();
    };
    this.#retry = setTimeout(again, RECONNECT_MS).unref();
  }
}
