import type {
  PurgeFailpoints,
  PurgeJob,
  PurgeState,
  RetentionStatus,
  RunningRetention,
} from "@cloister/service-retention";
import { startRetention } from "@cloister/service-retention";
import { DAY_MS } from "@cloister/policy";
import { capturedLog } from "@cloister/testing";
import { sql } from "kysely";
import { say, type OpenedConversation } from "./device.ts";
import { RedactionWorld } from "./redaction-world.ts";

/** What a door of retention answered. */
export interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly purges?: PurgeJob[] };
}

/** Retention over the tables that redaction has filled, with the real `keys`. */
export class RetentionWorld {
  readonly redaction: RedactionWorld;
  readonly log = capturedLog("retention");

  private constructor(redaction: RedactionWorld) {
    this.redaction = redaction;
  }

  static async start(): Promise<RetentionWorld> {
    return new RetentionWorld(await RedactionWorld.start());
  }

  close(): Promise<void> {
    return this.redaction.close();
  }

  startInstance(failpoints?: PurgeFailpoints): Promise<RunningRetention> {
    const { db, clock } = this.redaction.world;
    const keysTransport = this.redaction.world.transport("lifecycle");
    const ports = { db, keysTransport, clock, log: this.log.log, ...(failpoints && { failpoints }) };
    return startRetention({ http: { host: "127.0.0.1", port: 0 }, intervalMs: 0 }, ports);
  }

  /** A conversation with one message that brought a map entry, its `flow` bucket past, its map not. */
  async withFlowDue(): Promise<OpenedConversation> {
    const { world } = this.redaction;
    const conversation = await world.open(await world.newTenant());
    const message = say(conversation, world.clock.nowMs(), 1, "Write to marisol@example.org.");
    await this.redaction.send(message);
    await this.redaction.made(message);
    world.clock.advance(DAY_MS);
    return conversation;
  }

  /** Rows of a table that have ended by now. */
  async dueRows(schema: string, table: string): Promise<number> {
    const nowMs = this.redaction.world.clock.nowMs();
    const { rows } = await sql<{ due: number }>`
      select count(*)::integer as due from ${sql.id(schema, table)} where bucket_end_ms <= ${nowMs}`.execute(
      this.redaction.world.db.kysely,
    );
    return rows[0]?.due ?? 0;
  }

  async mapRowsOf({ id }: OpenedConversation): Promise<number> {
    const { rows } = await sql<{ kept: number }>`
      select count(*)::integer as kept from redaction.map_entry where conversation_id = ${id}`.execute(
      this.redaction.world.db.kysely,
    );
    return rows[0]?.kept ?? 0;
  }

  /** How many conversations `keys` still holds a secret of. */
  async secrets(): Promise<number> {
    const { rows } = await sql<{ held: number }>`
      select count(*)::integer as held from keys.conversation_secret`.execute(this.redaction.world.db.kysely);
    return rows[0]?.held ?? 0;
  }
}

export async function run(instance: RunningRetention): Promise<Answer> {
  return ask(instance, "POST", "run", `Bearer ${instance.accessToken.reveal()}`);
}

export async function statusOf(instance: RunningRetention): Promise<RetentionStatus> {
  const response = await fetch(`${instance.address ?? ""}/v1/retention/status`, {
    headers: { authorization: `Bearer ${instance.accessToken.reveal()}` },
  });
  return (await response.json()) as RetentionStatus;
}

export async function ask(
  { address }: RunningRetention,
  method: "GET" | "POST",
  door: string,
  authorization?: string,
): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${address ?? ""}/v1/retention/${door}`, { method, headers });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

/** Ends the purge as a kill would, the first time that it comes to a state. */
export function killedAt(state: PurgeState): PurgeFailpoints {
  let isKilled = false;
  return {
    reached: async (reached) => {
      if (reached !== state || isKilled) return;
      isKilled = true;
      throw new Error(`the process ended at ${state}`);
    },
  };
}

/** Does something the first time that the purge comes to a state, and lets it go on. */
export function at(state: PurgeState, work: () => Promise<void>): PurgeFailpoints {
  let isDone = false;
  return {
    reached: async (reached) => {
      if (reached !== state || isDone) return;
      isDone = true;
      await work();
    },
  };
}
