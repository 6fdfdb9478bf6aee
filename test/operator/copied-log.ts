import { fromBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { EnvelopeError, openEnvelope, readHeader } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { KeyringError } from "@cloister/keyring";
import { readTopic } from "@cloister/testing";
import { searchForValues, type Finding } from "@cloister/canary";
import { sql } from "kysely";
import { say, type OpenedConversation } from "../e2e/device.ts";
import { RedactionWorld } from "../e2e/redaction-world.ts";
import type { TestTenant } from "../e2e/tenant.ts";
import { auditEvents, typed } from "./operator.ts";

/** A conversation, and the operator's copy of the redacted text that went over the log. */
export interface Copied {
  readonly conversation: OpenedConversation;
  readonly copy: Uint8Array;
}

/** An operator with a copy of the log, who owns the database and the clock of `keys`. */
export class CopiedLog {
  readonly redaction: RedactionWorld;
  #linesBefore = 0;

  private constructor(redaction: RedactionWorld) {
    this.redaction = redaction;
  }

  static async start(): Promise<CopiedLog> {
    return new CopiedLog(await RedactionWorld.start());
  }

  close(): Promise<void> {
    return this.redaction.close();
  }

  /** Forgets what was audited until now. */
  begin(): void {
    this.#linesBefore = this.redaction.log.lines.length;
  }

  /** Where and by which code something was refused since `begin`. */
  audited(): string[] {
    return auditEvents(this.redaction.log.lines.slice(this.#linesBefore));
  }

  async copied(tenant?: TestTenant): Promise<Copied> {
    const { world } = this.redaction;
    const conversation = await world.open(tenant ?? (await world.newTenant()));
    const message = say(conversation, world.clock.nowMs(), 1, typed[0]);
    await this.redaction.send(message);
    await this.redaction.made(message);
    const records = await readTopic(world.db, topics.redacted);
    const copy = records.find(({ key }) => Buffer.compare(key, conversation.id) === 0);
    if (copy === undefined) throw new Error("the redacted text is not on the log");
    return { conversation, copy: fromBinary(MessageSealedSchema, copy.value).envelope };
  }

  /** What a genuine new instance of inference gets to see of a copy: `opened`, or the code of the refusal. */
  async read(copy: Uint8Array): Promise<string> {
    const { tenantId, conversationId, expiresAtMs: bucketEndMs, createdAtMs } = readHeader(copy);
    const request = { tenantId, conversationId, purpose: "flow" as const, bucketEndMs };
    const keyring = this.redaction.world.keyring("enclave-inference");
    try {
      const keys = [(await keyring.lease([request])).openingKey(request)];
      openEnvelope(nodeBackend, copy, { keys, signer: "none", nowMs: createdAtMs });
      return "opened";
    } catch (error) {
      if (error instanceof KeyringError || error instanceof EnvelopeError) return error.code;
      throw error;
    } finally {
      keyring.close();
    }
  }

  /** The typed values that lie in a table, on a topic or in a log line. */
  async finds(): Promise<readonly Finding[]> {
    const { world, log } = this.redaction;
    const tables = await sql<{ schema: string; name: string }>`
      select table_schema as schema, table_name as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(
      world.db.kysely,
    );
    const chunks: Uint8Array[] = log.lines.map((line) => Buffer.from(line));
    for (const { schema, name } of tables.rows) {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.id(schema, name)}`.execute(
        world.db.kysely,
      );
      for (const value of rows.flatMap((row) => Object.values(row))) {
        chunks.push(value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value)));
      }
    }
    return (await searchForValues(typed, [{ place: "tables, topics and log", chunks }])).findings;
  }
}
