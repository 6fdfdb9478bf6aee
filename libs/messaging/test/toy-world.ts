import { PostgresMessageLog, type ParkingLimits } from "@cloister/messaging";
import { systemClock } from "@cloister/service";
import { schemaOf, wakeUpsFor, type Database, type WakeUps } from "@cloister/storage";
import { capturedLog, FakeClock, readTopic, testDatabase } from "@cloister/testing";
import { sql } from "kysely";
import { startToy, toyMessage, toyRecord, type RunningToy, type ToyStep, type ToyTables } from "./toy-service.ts";

let toyNumber = 0;

/** A toy service on a log of its own, which a test may stop and start again. */
export class ToyWorld {
  readonly name = `toy_world_${++toyNumber}`;
  readonly clock = new FakeClock();
  /** What the toy says, and the log that it reads. */
  readonly captured: ReturnType<typeof capturedLog>;
  readonly db: Database;
  readonly messages: PostgresMessageLog;
  readonly #wakeUps: WakeUps;
  #toy: RunningToy | undefined;

  private constructor(
    db: Database,
    messages: PostgresMessageLog,
    wakeUps: WakeUps,
    captured: ReturnType<typeof capturedLog>,
  ) {
    this.db = db;
    this.captured = captured;
    this.messages = messages;
    this.#wakeUps = wakeUps;
  }

  static async open(): Promise<ToyWorld> {
    const db = await testDatabase();
    const wakeUps = wakeUpsFor(db);
    const captured = capturedLog();
    const { log } = captured;
    const messages = await PostgresMessageLog.open({ db, clock: systemClock, log, wakeUps, pollMs: 100 });
    return new ToyWorld(db, messages, wakeUps, captured);
  }

  get toy(): RunningToy {
    if (this.#toy === undefined) throw new Error("the toy is not running");
    return this.#toy;
  }

  async start(step: ToyStep, parking?: ParkingLimits): Promise<void> {
    const { db, messages, clock, name } = this;
    const ports = { db, messages, clock, log: this.captured.log };
    this.#toy = await startToy({ name, step, partitions: 1, merging: "whole", ...(parking && { parking }) }, ports);
  }

  async stop(): Promise<void> {
    await this.#toy?.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.messages.close();
    await this.#wakeUps.close();
    await this.db.close();
  }

  async send(...said: [conversation: string, text: string][]): Promise<void> {
    const topic = `${this.name}.in`;
    await this.messages.produce(
      said.map(([conversation, text]) => toyRecord(topic, { id: `${conversation}:${text}`, conversation, text })),
    );
  }

  async replies(): Promise<string[]> {
    return (await readTopic(this.db, `${this.name}.out`)).map((one) => toyMessage(one).text);
  }

  async effects(): Promise<string[]> {
    const rows = await schemaOf<ToyTables>(this.db, this.name).selectFrom("effect").selectAll().execute();
    return rows.map((row) => `${row.conversation}:${row.text}`);
  }

  async rowsIn(table: string): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from ${sql.id(this.name, table)}`.execute(
      this.db.kysely,
    );
    return rows[0]?.n ?? -1;
  }
}
