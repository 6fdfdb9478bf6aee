import { fromBinary } from "@bufbuild/protobuf";
import { renderReceipt, verifyReceipt } from "@cloister/audit";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import {
  copyEnvelopes,
  demoConversations,
  demoDocuments,
  isForReaders,
  makeTenant,
  percentilesOf,
  Player,
  tablesOf,
  tryToOpen,
  typedInDemo,
  type Asker,
  type Attempt,
  type CopiedEnvelope,
  type DemoTenant,
  type Percentiles,
  type PlayedMessage,
  type Show,
} from "@cloister/embedded/demo";
import { readRunningFile, type RunningFile } from "@cloister/embedded/running-file";
import { readHeader } from "@cloister/envelope";
import { Keyring, keysTransport } from "@cloister/keyring";
import { flowKeyOf, openRedacted } from "@cloister/keyring/consuming";
import type { LogRecord } from "@cloister/messaging";
import { systemClock as clock } from "@cloister/service";
import { searchForValues, type SearchReport } from "@cloister/canary";
import type { StackFolder } from "./layout.ts";
import { openAsOperator, stackPlaces, type OperatorDatabases } from "./operator-places.ts";
import { secretOf } from "./secrets.ts";
import { stackInstances } from "./services.ts";
import { TopicCopy } from "./topic-copy.ts";

/** What `--json` writes. */
export interface StackDemoReport {
  readonly messages: readonly PlayedMessage[];
  readonly latency: Percentiles;
  readonly search: SearchReport & { readonly alreadyThere: number };
  /** Of the copied envelopes: the first before the erasures, the second after them. */
  readonly attempts: readonly Attempt[];
  /** One for each erased conversation, verified. */
  readonly receipts: readonly string[];
  /** Every message was answered, nothing was found, everything opened before the erasures and nothing after them. */
  readonly held: boolean;
}

/** tenant → conversations → search every engine's files → erase → try to open what was copied. The services run already. */
export async function runStackDemo(folder: StackFolder, show: Show): Promise<StackDemoReport> {
  const running = await readRunningFile(folder.path);
  if (running === undefined) throw new Error(`no services run on ${folder.path}`);
  const databases = await openAsOperator(folder);
  const copy = await TopicCopy.start([`127.0.0.1:${folder.ports.kafka}`]);
  const instances = await stackInstances(folder);
  const asker: Asker = {
    who: "a genuine attested service",
    url: `https://127.0.0.1:${folder.ports.keys}`,
    releaseToken: await secretOf(folder, "release"),
    instances,
    clock,
  };
  try {
    return await new StackDemo({ folder, show, running, databases, copy, asker }).run();
  } finally {
    await copy.close();
    await databases.main.close();
    await databases.keys.close();
  }
}

/** What the demo plays on, and looks into. */
interface DemoWorld {
  readonly folder: StackFolder;
  readonly show: Show;
  readonly running: RunningFile;
  readonly databases: OperatorDatabases;
  readonly copy: TopicCopy;
  readonly asker: Asker;
}

class StackDemo {
  readonly #conversations: Uint8Array[] = [];
  readonly #world: DemoWorld;

  constructor(world: DemoWorld) {
    this.#world = world;
  }

  async run(): Promise<StackDemoReport> {
    const typed = typedInDemo(demoConversations, demoDocuments);
    const alreadyThere = await this.#alreadyThere(typed);
    const { url, accessToken } = this.#world.running;
    this.#world.show.heading("A tenant");
    const tenant = await makeTenant({ url, accessToken, instances: this.#world.asker.instances }, clock);
    this.#world.show.line(`tenant ${hexOf(tenant.tenantId)}, policy 1 (standard, development) signed by its root`);
    for (const sentence of tenant.missing) this.#world.show.warning(sentence);
    const messages = await this.#play(tenant);
    const search = await this.#search(typed, alreadyThere);
    const { attempts, receipts, forgotten } = await this.#forget(tenant);
    const latency = percentilesOf(messages.filter(isAnswered).map(({ latencyMs }) => latencyMs));
    const held = messages.every(isAnswered) && search.findings.length === 0 && forgotten;
    return { messages, latency, search, attempts, receipts, held };
  }

  /** The engines' own files hold English sentences: a piece that they have before anything is typed proves nothing. */
  async #alreadyThere(typed: readonly string[]): Promise<ReadonlySet<string>> {
    const { findings } = await searchForValues(typed, stackPlaces(this.#world.folder, this.#world.databases));
    return new Set(findings.map(({ value }) => value));
  }

  async #play(tenant: DemoTenant): Promise<PlayedMessage[]> {
    const { show } = this.#world;
    const { client, admitImport } = tenant;
    show.heading("A knowledge base");
    const imported = await client.importKnowledge({ admission: admitImport, documents: demoDocuments });
    this.#conversations.push(imported.conversationId);
    await this.#untilRedacted(imported.messageIds);
    show.line(`${String(imported.messageIds.length)} documents sent, sealed and redacted like any message`);
    const keyring = keyringOf(this.#world.asker);
    const played: PlayedMessage[] = [];
    const player = new Player({
      client,
      watchModel: () => (causeId) => this.#askedOfModel(keyring, causeId),
      onTheLog: (messageId) => this.#inboundEnvelope(messageId),
      monotonicMs: () => clock.monotonicMs(),
      onPlayed: (message) => {
        played.push(message);
        show.message(message);
      },
    });
    try {
      for (const { name, messages } of demoConversations) {
        show.heading(`A conversation: ${name}`);
        await player.play(
          name,
          messages.map(({ text }) => text),
          tenant.admitChat([imported.conversationId]),
        );
      }
    } finally {
      keyring.close();
    }
    show.heading("Latency");
    show.latency(percentilesOf(played.filter(isAnswered).map(({ latencyMs }) => latencyMs)));
    return played;
  }

  async #untilRedacted(messageIds: readonly Uint8Array[]): Promise<void> {
    for (const messageId of messageIds) await this.#redactedRecord(messageId);
  }

  async #inboundEnvelope(messageId: Uint8Array): Promise<Uint8Array | undefined> {
    const record = await this.#world.copy.find(topics.inbound, (one) => isSame(headerOf(one).messageId, messageId));
    if (record === undefined) return undefined;
    const { conversationId } = headerOf(record);
    if (!this.#conversations.some((known) => isSame(known, conversationId))) this.#conversations.push(conversationId);
    return envelopeOf(record);
  }

  #redactedRecord(causeId: Uint8Array): Promise<LogRecord | undefined> {
    return this.#world.copy.find(topics.redacted, (one) => isSame(headerOf(one).causeId, causeId), 30_000);
  }

  /** What redaction gave to inference, opened as inference opens it: by evidence, with a leased key. */
  async #askedOfModel(keyring: Keyring, causeId: Uint8Array | undefined): Promise<string | null> {
    const record = causeId && (await this.#redactedRecord(causeId));
    if (record === undefined) return null;
    return openRedacted(record, await keyring.lease([flowKeyOf(record)]), clock.nowMs()).text;
  }

  async #search(typed: readonly string[], alreadyThere: ReadonlySet<string>) {
    const { show } = this.#world;
    show.heading(
      "The operator searches Kafka's segments, PostgreSQL's folders, Redis' dump, every table and every log",
    );
    const wanted = typed.filter((value) => !alreadyThere.has(value));
    const report = await searchForValues(wanted, stackPlaces(this.#world.folder, this.#world.databases));
    show.search(report, alreadyThere.size);
    return { ...report, alreadyThere: alreadyThere.size };
  }

  async #forget(tenant: DemoTenant) {
    const { show, asker } = this.#world;
    show.heading("The operator copies every topic and every table but those of keys");
    const copies = await this.#copies();
    const before = await tryToOpen({ ...asker, who: `${asker.who}, today` }, copies);
    show.line(
      `${String(copies.length)} sealed envelopes copied, ${String(copies.filter(isForReaders).length)} to readers`,
    );
    show.line(`${before.who}: ${String(before.opened)} of ${String(before.tried)} opened: they are real`);
    show.heading("Every conversation, and the knowledge base, is erased");
    const receipts = await this.#erase(tenant);
    show.heading("What was copied can be opened by");
    const after = await tryToOpen(asker, copies);
    show.attempt(after);
    const wasReal = before.tried > 0 && before.opened === before.tried;
    const forgotten = wasReal && after.opened === 0 && after.tried === before.tried && receipts.length > 0;
    return { attempts: [before, after], receipts, forgotten };
  }

  async #copies(): Promise<CopiedEnvelope[]> {
    const inTables = await copyEnvelopes(tablesOf("main", this.#world.databases.main));
    const inTopics = await copyEnvelopes(this.#world.copy.places());
    const distinct = new Map([...inTables, ...inTopics].map((one) => [Buffer.from(one.bytes).toString("base64"), one]));
    return [...distinct.values()];
  }

  /** Over retention's door, as a compliance officer does it; each receipt is verified from the tenant's root. */
  async #erase({ tenantId, client }: DemoTenant): Promise<string[]> {
    const { issuerKey } = await client.verifiedChain();
    const rendered: string[] = [];
    for (const conversationId of this.#conversations) {
      const response = await fetch(`${this.#world.running.retentionUrl}/v1/retention/erase`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#world.running.retentionToken}`, "content-type": "application/json" },
        body: JSON.stringify({ tenantIdHex: hexOf(tenantId), conversationIdHex: hexOf(conversationId) }),
      });
      if (!response.ok) throw new Error(`retention answered ${response.status} to an erasure`);
      // Retention's own answer, which its door's tests hold to this form.
      const { note } = (await response.json()) as { note: string };
      rendered.push(renderReceipt(verifyReceipt(Buffer.from(note), { tenantId, issuerKey })));
    }
    this.#world.show.line(`${String(rendered.length)} receipts, each verified from the tenant's root; the last one:`);
    this.#world.show.receipt(rendered.at(-1) ?? "", 0);
    return rendered;
  }
}

function keyringOf({ url, releaseToken, instances }: Asker): Keyring {
  const transport = keysTransport({ url, credential: releaseToken });
  const role = "enclave-inference";
  return new Keyring({ role, transport, ...instances.machines[role], allowDevelopment: true, clock });
}

const isAnswered = ({ failure }: PlayedMessage): boolean => failure === null;
const envelopeOf = ({ value }: LogRecord): Uint8Array => fromBinary(MessageSealedSchema, value).envelope;
const headerOf = (record: LogRecord) => readHeader(envelopeOf(record));
const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
