import { searchForValues } from "@cloister/canary";
import { renderReceipt, verifyReceipt, type Receipt } from "@cloister/audit";
import { HOUR_MS } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { DataFolder } from "../data-folder.ts";
import { MovableClock } from "../movable-clock.ts";
import { startEmbedded, type EmbeddedCloister } from "../start-embedded.ts";
import { tryToOpen } from "./attempts.ts";
import { CapturedLogs } from "./captured-logs.ts";
import { demoConversations, demoDocuments } from "./conversations.ts";
import type { DemoReport } from "./demo-report.ts";
import { purge, retentionStatus, tryWithOwnKeys, wrappedKeys } from "./forget.ts";
import type { InputLines } from "./input-lines.ts";
import { percentilesOf } from "./latency.ts";
import { inboundEnvelope, untilIdle } from "./on-the-log.ts";
import { copyEnvelopes, isForReaders } from "./operator-copy.ts";
import { filesHolding, placesOf, tablesOf, type OperatorView } from "./places.ts";
import { Player, type PlayedMessage } from "./play.ts";
import { ModelRecorder } from "./recording-runtime.ts";
import type { Show } from "./show.ts";
import { makeTenant, reachedOf, type DemoTenant } from "./tenant.ts";
import { tooShortToSearch, typedInDemo, typedInInput } from "./typed-values.ts";

export interface DemoOptions {
  readonly folder: DataFolder;
  readonly show: Show;
  /** The clock of every service. Default: one that shows the time of day. */
  readonly clock?: MovableClock;
  /** A user's own messages in place of the written ones. */
  readonly input?: InputLines;
}

/** Of a user's own messages, so many are shown in full, and every one that was not answered; all are in --json. */
const SHOWN_OF_INPUT = 5;

/** A key of an open conversation may be sealed to for so long (libs/policy, `inboundWindow`): that outlives it by so much. */
const LONGEST_SEALING_MS = HOUR_MS;

/** start → tenant → conversations → search everything → clock on and purge → try to open what is left */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { clock = new MovableClock() } = options;
  const logs = new CapturedLogs();
  const recorder = new ModelRecorder();
  const cloister = await startEmbedded({
    folder: options.folder,
    clock,
    logOf: (service) => logs.logOf(service),
    retentionIntervalMs: 0,
    wrapRuntime: recorder.wrap,
  });
  try {
    return await new Demo(options, cloister, clock, logs, recorder).run();
  } finally {
    await cloister.close();
  }
}

class Demo {
  readonly #view: OperatorView;

  constructor(
    private readonly options: DemoOptions,
    private readonly cloister: EmbeddedCloister,
    private readonly clock: MovableClock,
    private readonly logs: CapturedLogs,
    private readonly recorder: ModelRecorder,
  ) {
    const { mainDatabase, keysDatabase } = cloister;
    const databases = [
      { name: "main", db: mainDatabase },
      { name: "keys", db: keysDatabase },
    ];
    this.#view = { databases, folder: options.folder.path, logs };
  }

  async run(): Promise<DemoReport> {
    const typed = this.#typedValues();
    const alreadyThere = await this.#valuesAlreadyThere(typed);
    const tenant = await this.#openTenant();
    const messages = await this.#play(tenant);
    const search = await this.#search(typed, alreadyThere);
    const forgetting = await this.#forget(tenant);
    const failures = messages.filter(({ failure }) => failure !== null);
    const broken = this.options.input?.broken ?? [];
    return {
      messages,
      latency: percentilesOf(messages.filter(({ failure }) => failure === null).map(({ latencyMs }) => latencyMs)),
      brokenLines: broken,
      search: { ...search, alreadyThere: alreadyThere.size },
      ...forgetting,
      held: failures.length === 0 && broken.length === 0 && search.findings.length === 0 && forgetting.forgotten,
    };
  }

  #typedValues(): string[] {
    const { input } = this.options;
    return input ? typedInInput(input.conversations) : typedInDemo(demoConversations, demoDocuments);
  }

  /** An engine's own files hold English sentences: a piece that they have before anything is typed proves nothing. */
  async #valuesAlreadyThere(typed: readonly string[]): Promise<ReadonlySet<string>> {
    const { findings } = await searchForValues(typed, placesOf(this.#view));
    return new Set(findings.map(({ value }) => value));
  }

  async #openTenant(): Promise<DemoTenant> {
    const { show } = this.options;
    show.heading("A tenant");
    const tenant = await makeTenant(reachedOf(this.cloister), this.clock);
    show.line(
      `tenant ${Buffer.from(tenant.tenantId).toString("hex")}, policy 1 (standard, development) signed by its root`,
    );
    for (const sentence of tenant.missing) show.warning(sentence);
    return tenant;
  }

  async #play(tenant: DemoTenant): Promise<PlayedMessage[]> {
    const { show, input } = this.options;
    const { client } = tenant;
    show.heading("A knowledge base");
    const imported = await client.importKnowledge({ admission: tenant.admitImport, documents: demoDocuments });
    await untilIdle(this.cloister.mainDatabase);
    show.line(`${String(imported.messageIds.length)} documents sent, sealed and redacted like any message`);

    const conversations =
      input?.conversations ??
      demoConversations.map(({ name, messages }) => ({ name, texts: messages.map(({ text }) => text) }));
    const total = conversations.reduce((sum, { texts }) => sum + texts.length, 0);
    const played: PlayedMessage[] = [];
    const player = new Player({
      client,
      watchModel: this.recorder.watch,
      onTheLog: (messageId) => inboundEnvelope(this.cloister.mainDatabase, messageId),
      monotonicMs: () => systemClock.monotonicMs(),
      onPlayed: (message) => {
        played.push(message);
        const isShown = input === undefined || played.length <= SHOWN_OF_INPUT || message.failure !== null;
        if (isShown) show.message(message);
        if (input !== undefined && played.length % 50 === 0) show.progress(played.length, total);
      },
    });
    if (input !== undefined) show.heading("Your messages");
    for (const { name, texts } of conversations) {
      if (input === undefined) show.heading(`A conversation: ${name}`);
      await player.play(name, texts, tenant.admitChat([imported.conversationId]));
    }
    await untilIdle(this.cloister.mainDatabase);
    show.heading("Latency");
    show.latency(percentilesOf(played.filter(({ failure }) => failure === null).map(({ latencyMs }) => latencyMs)));
    for (const { line, reason } of input?.broken ?? []) show.warning(`line ${String(line)} was passed over: ${reason}`);
    return played;
  }

  async #search(typed: readonly string[], alreadyThere: ReadonlySet<string>) {
    const { show } = this.options;
    show.heading("The operator searches every table, topic, database file and log line");
    const wanted = typed.filter((value) => !alreadyThere.has(value));
    const report = await searchForValues(wanted, placesOf(this.#view));
    show.search(report, alreadyThere.size);
    const tooShort = tooShortToSearch(this.options.input?.conversations ?? []);
    if (tooShort > 0)
      show.line(`${String(tooShort)} texts of under 5 bytes were not searched for: they turn up by chance`);
    return report;
  }

  async #forget(tenant: DemoTenant): Promise<Pick<DemoReport, "attempts" | "purges" | "receipts" | "forgotten">> {
    const { show, folder } = this.options;
    const { cloister, clock, logs } = this;
    const { instances, credentials, keys } = cloister;
    show.heading("Before the purge, the operator copies every topic and every table but those of keys");
    const copies = await copyEnvelopes(tablesOf("main", cloister.mainDatabase));
    const forReaders = copies.filter(isForReaders).length;
    show.line(
      `${String(copies.length)} sealed envelopes copied, ${String(forReaders)} of them sealed to the readers' own keys alone`,
    );
    const asker = { url: keys.connectUrl, releaseToken: credentials.release, instances };
    const before = await tryToOpen({ ...asker, who: "a genuine attested service, today", clock }, copies);
    show.line(`${before.who}: ${String(before.opened)} of ${String(before.tried)} opened: they are real`);
    const wrapped = await wrappedKeys(cloister.keysDatabase);

    show.heading("The clock is moved on past every retention period, and retention purges");
    const { periods } = tenant.policy;
    const { map, log, vector, mailbox } = periods;
    clock.advance(LONGEST_SEALING_MS + Math.max(...[map, log, vector, mailbox].map(({ periodMs }) => periodMs)));
    const purges = await purge(cloister);
    const chain = await tenant.client.verifiedChain();
    const status = await retentionStatus(cloister);
    const receipts: Receipt[] = status.receipts.map(({ note }) => verifyReceipt(Buffer.from(note), chain));
    for (const receipt of receipts) show.receipt(renderReceipt(receipt), receipt.operatorAsserted.length);

    show.heading("What is left can be opened by");
    const attempts = [
      await tryToOpen({ ...asker, who: "a genuine attested service", clock }, copies),
      await tryWithOwnKeys(cloister, folder, logs, copies),
    ];
    for (const attempt of attempts) show.attempt(attempt);
    const filesWithKeys = await filesHolding(folder.path, wrapped);
    show.verdict(
      filesWithKeys.length === 0,
      `${String(wrapped.length)} destroyed keys: ${String(filesWithKeys.length)} files hold one in its wrapped form`,
    );
    show.warning(
      "An older copy of the database of keys, made before the purge, is not excluded yet: there is no witness.",
    );
    const wasReal = before.opened === before.tried && before.tried > 0;
    const nothingOpened = attempts.every(({ tried, opened }) => tried > 0 && opened === 0);
    const forgotten = wasReal && nothingOpened && filesWithKeys.length === 0 && receipts.length > 0;
    return { attempts: [before, ...attempts], purges, receipts: status.receipts, forgotten };
  }
}
