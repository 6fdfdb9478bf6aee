import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { createClient as createServiceClient } from "@connectrpc/connect";
import type { EvidenceVerifier } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type ClientOptions, type Conversation, type ReplyReceived } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import {
  MovableClock,
  openDataFolder,
  startEmbedded,
  type DataFolder,
  type EmbeddedCloister,
  type EmbeddedOptions,
} from "@cloister/embedded";
import { idToHex, parseEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { keysTransport } from "@cloister/keyring";
import type { Admission, PolicyChoices } from "@cloister/policy";
import { databaseOver, type Database } from "@cloister/storage";
import { capturedLog, eventually, testDatabase } from "@cloister/testing";
import { sql } from "kysely";
import { TestTenant } from "./tenant.ts";

/** What anybody can see of an event in a reader's mailbox. */
export interface MailboxEntry {
  readonly kind: "reply" | "map" | "status";
  /** Of what is sealed. */
  readonly stage?: Stage;
  /** Of a status. */
  readonly code?: string;
  readonly isWaiting?: boolean;
  readonly causeIdHex: string;
}

interface Choices extends Pick<
  EmbeddedOptions,
  "wrapRuntime" | "wrapKms" | "openWithCredential" | "parking" | "failpoints" | "region" | "beat" | "liveFrames"
> {
  /** What has to run before the services start. */
  readonly before?: (folder: DataFolder, clock: MovableClock) => Promise<Prepared>;
}

interface Prepared extends Pick<EmbeddedOptions, "tenantKeys" | "hardware"> {
  /** What devices believe; simulated evidence, under policies for development, if left out. */
  readonly verifiers?: readonly EvidenceVerifier[];
  /** Of the world's tenant. */
  readonly policy?: Partial<PolicyChoices>;
}

/** Every service in one process, which a test may stop and start again on what they left, and a tenant. */
export class EmbeddedWorld {
  readonly clock = new MovableClock();
  /** Of all services. */
  readonly log = capturedLog("embedded");
  readonly folder: DataFolder;
  readonly #db: Database;
  readonly #choices: Choices;
  #prepared: Prepared = {};
  #running: { readonly cloister: EmbeddedCloister; readonly tenant: TestTenant } | undefined;

  private constructor(folder: DataFolder, db: Database, choices: Choices) {
    this.folder = folder;
    this.#db = db;
    this.#choices = choices;
  }

  static async start(choices: Choices = {}): Promise<EmbeddedWorld> {
    const folder = await openDataFolder(await mkdtemp(join(tmpdir(), "cloister-e2e-")));
    const world = new EmbeddedWorld(folder, await testDatabase(), choices);
    world.#prepared = (await choices.before?.(folder, world.clock)) ?? {};
    const cloister = await world.#startServices();
    const tenant = new TestTenant(cloister.instances);
    world.#running = { cloister, tenant };
    await world.client().applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), world.#prepared.policy)));
    return world;
  }

  get cloister(): EmbeddedCloister {
    return this.#both.cloister;
  }

  get tenant(): TestTenant {
    return this.#both.tenant;
  }

  get #both() {
    if (this.#running === undefined) throw new Error("the services are not running");
    return this.#running;
  }

  /** Ends every service and starts them again on what they left. */
  async restart(): Promise<void> {
    const { tenant, cloister } = this.#both;
    await cloister.close();
    this.#running = { tenant, cloister: await this.#startServices() };
  }

  async close(): Promise<void> {
    await this.#running?.cloister.close();
    await this.#db.close();
    await rm(this.folder.path, { recursive: true, force: true });
  }

  /** Resolves with the name of the service that can't go on. */
  fatal(): Promise<string> {
    return new Promise((resolve) => {
      this.cloister.onFatal(resolve);
    });
  }

  /** The tenant's application, at the doors that are open now. */
  client(fetchBy: typeof fetch = fetch, clock: Pick<MovableClock, "nowMs"> = this.clock): Client {
    return this.#clientOf(this.tenant, { fetch: fetchBy, clock });
  }

  /** Another tenant's application, which is told of a refusal at once. */
  clientOf(tenant: TestTenant): Client {
    return this.#clientOf(tenant, { retry: { attempts: 1, firstPauseMs: 1, longestPauseMs: 1 } });
  }

  openChatOf(tenant: TestTenant): Promise<Conversation> {
    return this.clientOf(tenant).openConversation({
      admission: (keys) => tenant.admission(keys, this.clock.nowMs()),
    });
  }

  #clientOf({ tenantId }: TestTenant, options: Pick<ClientOptions, "fetch" | "clock" | "retry">): Client {
    const { ingest } = this.cloister;
    const { verifiers } = this.#prepared;
    return createClient({
      baseUrl: ingest.address ?? "",
      accessToken: ingest.accessToken.reveal(),
      tenantId,
      evidenceVerifiers: verifiers ?? [simulatedVerifier],
      allowDevelopment: verifiers === undefined,
      backend: nodeBackend,
      clock: this.clock,
      ...options,
    });
  }

  openChat(admitted: Partial<Admission> = {}): Promise<Conversation> {
    return this.client().openConversation({
      admission: (keys) => this.tenant.admission(keys, this.clock.nowMs(), admitted),
    });
  }

  /** Resolves when every consumer has handled every record. */
  async idle(): Promise<void> {
    await eventually(
      async () => {
        const { rows } = await sql<{ behind: number }>`
          select count(*)::integer as behind from log.group_partition join log.topic_partition using (topic_id, part)
          where group_partition.next_off < topic_partition.next_off`.execute(this.cloister.mainDatabase.kysely);
        if (rows[0]?.behind !== 0) throw new Error("records are still on their way");
      },
      { everyMs: 20 },
    );
  }

  /** Everything that waits for the readers of a conversation, in order. */
  async mailbox({ id }: Pick<Conversation, "id">): Promise<MailboxEntry[]> {
    const { rows } = await sql<{ event: Uint8Array }>`
      select event from ingest.mailbox where conversation_id = ${id} order by log_offset`.execute(
      this.cloister.mainDatabase.kysely,
    );
    return rows.map(({ event }) => entryOf(event));
  }

  /** How many rows of a table are the conversation's. */
  async rowsOf({ id }: Conversation, schema: string, table: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from ${sql.id(schema, table)} where conversation_id = ${id}`.execute(
      this.cloister.mainDatabase.kysely,
    );
    return rows[0]?.count ?? 0;
  }

  /** Every value of every row of the services' tables, `keys` included. The topics are tables, too. */
  async allRows(): Promise<Uint8Array[]> {
    const values: Uint8Array[] = [];
    const { mainDatabase, keysDatabase } = this.cloister;
    for (const { kysely } of new Set([mainDatabase, keysDatabase])) {
      const tables = await sql<{ schema: string; name: string }>`
        select table_schema as schema, table_name as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(kysely);
      for (const { schema, name } of tables.rows) {
        const { rows } = await sql<Record<string, unknown>>`select * from ${sql.id(schema, name)}`.execute(kysely);
        values.push(...rows.flatMap((row) => Object.values(row).map(bytesOf)));
      }
    }
    return values;
  }

  /** As retention's credential may: the keys of the conversation are destroyed. Leases of before lapse within 60 s. */
  async erase({ id: conversationId }: Conversation): Promise<void> {
    const { keys, credentials } = this.cloister;
    const transport = keysTransport({ url: keys.connectUrl, credential: credentials.lifecycle });
    const { tenantId } = this.tenant;
    await createServiceClient(LifecycleService, transport).eraseConversation({ tenantId, conversationId });
    this.clock.advance(60_001);
  }

  async deadLetters(): Promise<string[]> {
    const codes: string[] = [];
    for (const schema of ["ingest", "redaction", "enclave_inference", "embedding"]) {
      const { rows } = await sql<{ code: string }>`select code from ${sql.id(schema, "dead_letter")}`.execute(
        this.cloister.mainDatabase.kysely,
      );
      codes.push(...rows.map(({ code }) => `${schema}: ${code}`));
    }
    return codes;
  }

  #startServices(): Promise<EmbeddedCloister> {
    const { before: _, ...choices } = this.#choices;
    const { tenantKeys, hardware } = this.#prepared;
    const logOf = () => this.log.log;
    return startEmbedded({
      ...{ folder: this.folder, clock: this.clock, logOf, retentionIntervalMs: 0, databases: this.#databases() },
      ...choices,
      ...(tenantKeys && { tenantKeys }),
      ...(hardware && { hardware }),
    });
  }

  /** A handle of its own for each start, as a process that starts has. */
  #databases(): NonNullable<EmbeddedOptions["databases"]> {
    const { pglite } = this.#db;
    if (pglite === null) throw new Error("the test's database is another one than PGlite");
    const both = databaseOver(pglite, () => Promise.resolve());
    return { main: both, keys: both };
  }
}

/** Reads until so many replies came; that some have to wait is no reply. */
export async function readReplies(conversation: Conversation, count: number): Promise<ReplyReceived[]> {
  const replies: ReplyReceived[] = [];
  for await (const event of conversation.replies({ live: false, signal: AbortSignal.timeout(30_000) })) {
    if (event.kind === "waiting") continue;
    if (event.kind !== "reply") throw new Error(`the reader got ${event.kind}`);
    replies.push(event);
    if (replies.length === count) break;
  }
  return replies;
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

function entryOf(event: Uint8Array): MailboxEntry {
  const { event: one } = fromBinary(ReplyEventSchema, event);
  if (one.case === "failed") {
    const { code, waiting: isWaiting, causeId } = one.value;
    return { kind: "status", code, isWaiting, causeIdHex: idToHex(causeId) };
  }
  if (one.case !== "sealed") throw new Error("an event of an unknown kind");
  const { header } = parseEnvelope(one.value.envelope);
  const { stage } = header;
  const causeIdHex = idToHex(header.causeId ?? new Uint8Array());
  return { kind: stage === Stage.REPLY ? "reply" : "map", stage, causeIdHex };
}
