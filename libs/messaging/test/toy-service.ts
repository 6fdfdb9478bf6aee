import { createHash } from "node:crypto";
import { Controller, Inject, Module, type DynamicModule } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import {
  defineConsumer,
  done,
  LogStrategy,
  protocolMigrations,
  type ConsumedBatch,
  type ConsumedRecord,
  type DeadLetters,
  type Failpoints,
  type LogRecord,
  type Merging,
  type MessageLog,
  type OutgoingRecord,
  type ParkingLimits,
  type RecordIdentity,
  type RecordResult,
} from "@cloister/messaging";
import { CodedError, ServiceMetrics, startService, type Clock, type Log, type RunningService } from "@cloister/service";
import { migrate, schemaOf, type Database, type Migrations } from "@cloister/storage";

/** What a toy message says; the toy answers each with its text in upper case and writes one row. */
export interface ToyMessage {
  readonly id: string;
  readonly conversation: string;
  readonly text: string;
  /** `tenant` when missing. */
  readonly tenant?: string;
}

export interface ToyTables {
  effect: { conversation: string; id: string; text: string };
}

export type ToyResult = RecordResult<ToyTables, ToyTables["effect"]>;
export type ToyStep = (batch: ConsumedBatch) => Promise<(ToyResult | Promise<ToyResult>)[]>;

export class ToyError extends CodedError<"UNREADABLE"> {}

export const bucketEndMs = Date.UTC(2100, 0, 1);

export function idOf(text: string): Buffer {
  return createHash("sha256").update(text).digest().subarray(0, 16);
}

export function toyRecord(topic: string, message: ToyMessage, endMs = bucketEndMs): OutgoingRecord {
  return { topic, key: idOf(message.conversation), value: Buffer.from(JSON.stringify(message)), bucketEndMs: endMs };
}

export function toyMessage(record: Pick<LogRecord, "value">): ToyMessage {
  try {
    return JSON.parse(Buffer.from(record.value).toString()) as ToyMessage;
  } catch {
    throw new ToyError("UNREADABLE", "the record is not a toy message");
  }
}

export function identify(record: LogRecord): RecordIdentity {
  const { id, conversation, tenant = "tenant" } = toyMessage(record);
  const fingerprint = createHash("sha256").update(record.value).digest();
  return { messageId: idOf(id), fingerprint, conversationId: idOf(conversation), tenantId: idOf(tenant) };
}

/** The step that does what a toy does for one record. */
export function answer(replies: string, { record }: ConsumedRecord): ToyResult {
  const message = toyMessage(record);
  const { conversation, id, text } = message;
  const reply = toyRecord(replies, { ...message, id: `re:${id}`, text: text.toUpperCase() });
  return done<ToyTables, ToyTables["effect"]>([reply], { write: { conversation, id, text } });
}

export interface ToyPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly failpoints?: Failpoints;
}

export interface ToyOptions {
  /** Also the schema, the consumer and the stem of the topics. */
  readonly name: string;
  readonly step?: ToyStep;
  readonly partitions?: number;
  /** Missing as for a consumer: partitions are kept apart. */
  readonly merging?: Merging | undefined;
  readonly parking?: ParkingLimits;
  readonly onCommitted?: (rows: readonly ToyTables["effect"][]) => void;
}

const STEP = Symbol("step");

const migrations: Migrations = {
  "100_effects": {
    async up(db) {
      await db.schema
        .createTable("effect")
        .addColumn("conversation", "text", (column) => column.notNull())
        .addColumn("id", "text", (column) => column.notNull())
        .addColumn("text", "text", (column) => column.notNull())
        .execute();
    },
  },
};

export interface RunningToy extends RunningService {
  readonly deadLetters: DeadLetters;
}

/** A service of the usual shape: module, controller, strategy. */
export async function startToy(options: ToyOptions, ports: ToyPorts): Promise<RunningToy> {
  const { name, partitions = 2, merging } = options;
  const [inbound, replies] = [`${name}.in`, `${name}.out`];
  await ports.messages.ensureTopics([inbound, replies].map((topic) => ({ name: topic, partitions })));
  await migrate(ports.db, name, { ...protocolMigrations, ...migrations });
  const step: ToyStep = options.step ?? (({ records }) => Promise.resolve(records.map((one) => answer(replies, one))));
  const metrics = new ServiceMetrics(name);
  const consumer = defineConsumer<ToyTables, ToyTables["effect"]>({
    name,
    topic: inbound,
    db: schemaOf<ToyTables>(ports.db, name),
    schema: name,
    identify,
    onDeadLetter: (record, { code }) => [
      { topic: replies, key: record.key, value: Buffer.from(JSON.stringify({ text: `failed ${code}` })), bucketEndMs },
    ],
    onParked: (record, code) => [
      { topic: replies, key: record.key, value: Buffer.from(JSON.stringify({ text: `waits ${code}` })), bucketEndMs },
    ],
    ...(merging && { merging }),
    ...(options.parking && { parking: options.parking }),
    ...(options.onCommitted && { onCommitted: options.onCommitted }),
    writeAll: async (tx, rows) => {
      await tx
        .insertInto("effect")
        .values([...rows])
        .execute();
    },
  });
  const strategy = new LogStrategy({ consumers: [consumer], ...ports, metrics });
  const [deadLetters] = strategy.deadLetters;
  if (deadLetters === undefined) throw new Error("every consumer has its dead letters");
  const { log, clock } = ports;
  const service = await startService({ name, module: toyModule(inbound, step), log, clock, metrics, strategy });
  return { ...service, deadLetters };
}

function toyModule(inbound: string, step: ToyStep): DynamicModule {
  @Controller()
  class ToyConsumer {
    constructor(@Inject(STEP) private readonly run: ToyStep) {}

    // The argument picks the overload for a name that is not a literal.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-arguments
    @EventPattern<string>(inbound)
    handle(@Payload() batch: ConsumedBatch): ReturnType<ToyStep> {
      return this.run(batch);
    }
  }

  @Module({})
  class ToyModule {}

  return { module: ToyModule, controllers: [ToyConsumer], providers: [{ provide: STEP, useValue: step }] };
}
