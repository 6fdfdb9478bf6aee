import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { SearchReport } from "@cloister/canary";
import { serviceNames, type ServiceProcesses } from "../e2e/service-processes.ts";
import { accountOf, type Account } from "./account.ts";
import { Application } from "./application.ts";
import { readDeadLetters } from "./dead-letters.ts";
import { Deployment, type KafkaClient, type Topology } from "./deployment.ts";
import { Load, type LoadSize } from "./load.ts";
import { readMailboxes } from "./mailbox.ts";
import { searchDeployment } from "./places.ts";
import { recoveryOf, type FaultSpan, type Recovery } from "./recovery.ts";
import { Redeliveries } from "./redeliveries.ts";
import type { Row, Stage } from "./row.ts";

export interface RowResult {
  readonly account: Account;
  readonly recovery: Recovery;
  /** Records that came again to a consumer that had handled them, by service. */
  readonly redeliveries: Readonly<Record<string, number>>;
  /** Posts beyond the first of a message. */
  readonly postsAgain: number;
  readonly search: SearchReport;
  readonly notes: readonly string[];
  /** What must not be, in sentences; none: the row passed. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

export interface RowOptions {
  readonly kafkaClient: KafkaClient | undefined;
  readonly size: LoadSize;
  /** Where the lines of the services are kept, whatever comes of the row. */
  readonly logFolder: string;
  /** Told what goes on. */
  readonly say: (text: string) => void;
}

/** How long a row's messages may be on their way to the door, all in all. */
const SAYING_MS = 240_000;
const defaultTopology = { brokers: 1, wired: false } as const;

/** Starts everything, lets people talk while the fault happens, and takes the account of each message. */
export async function runRow(row: Row, options: RowOptions): Promise<RowResult> {
  const startMs = performance.now();
  const cleanUps: (() => Promise<void>)[] = [];
  const onEnd = (cleanUp: () => Promise<void>): void => void cleanUps.unshift(cleanUp);
  try {
    const placed = await row.place?.(onEnd);
    const topology: Topology = { ...defaultTopology, ...row.topology, ...placed, kafkaClient: options.kafkaClient };
    const deployment = await Deployment.start(topology);
    onEnd(() => deployment.stop());
    onEnd(() => keepLogs(deployment.services, options.logFolder));
    return { ...(await play(row, deployment, options, onEnd)), seconds: secondsSince(startMs) };
  } finally {
    for (const cleanUp of cleanUps) await cleanUp();
  }
}

async function play(
  row: Row,
  deployment: Deployment,
  { size, say }: RowOptions,
  onEnd: Stage["onEnd"],
): Promise<Omit<RowResult, "seconds">> {
  const { services } = deployment;
  const openedFromMs = performance.now();
  const application = await Application.start(services);
  const load = await Load.open(() => application.openConversation(), application.door, size);
  say(`${size.conversations} conversations are open after ${secondsSince(openedFromMs)} s`);

  const [spans, failures, notes]: [FaultSpan[], string[], string[]] = [[], [], []];
  const redeliveries = new Redeliveries(services);
  const leaving = new AbortController();
  const reading = load.read(leaving.signal, true);
  const saying = load.say(AbortSignal.timeout(SAYING_MS));
  const stage = stageOf({ deployment, application, load, size, spans, failures, notes, onEnd });
  const playing = row.play(stage).catch((error: unknown) => {
    failures.push(`the fault could not be played: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    await Promise.all([playing, saying]);
    say("everything is said, and the fault is over");
    const isSettled = await load.settled();
    if (!isSettled) failures.push(`nothing moved for a minute, and ${load.open().length} messages had no end`);
    // What would come twice comes now.
    await delay(1_500);
    await redeliveries.look();
    const notReady: string[] = [];
    for (const name of serviceNames) if (!(await services.of(name).isReady())) notReady.push(name);
    if (notReady.length > 0) failures.push(`not ready again: ${notReady.join(", ")}`);
  } finally {
    leaving.abort();
    redeliveries.stop();
  }
  await reading;

  const evidence = {
    sent: application.door.sent,
    mailbox: await readMailboxes(
      application.mailboxDoor,
      load.talks.map(({ conversationId, endings }) => ({ conversationId, endings: endings.length })),
    ),
    opened: load.talks.flatMap(({ opened }) => opened),
    deadLetters: await readDeadLetters(services.operationsUrls, await services.operationsToken),
  };
  const account = accountOf(evidence);
  await row.judge?.(stage, evidence);
  failures.push(...sentencesOf(account, load));
  const search = await searched(deployment, load, say);
  for (const { place, encoding } of search.findings.slice(0, 10)) failures.push(`in clear: ${place} (${encoding})`);
  failures.push(...(await drained(services)));
  const endings = load.talks.flatMap((talk) => talk.endings);
  return {
    account,
    recovery: recoveryOf(spans, application.door.acceptedAtMs, endings),
    redeliveries: redeliveries.byService,
    postsAgain: application.door.postsAgain,
    search,
    notes,
    failures,
  };
}

function stageOf(parts: {
  readonly deployment: Deployment;
  readonly application: Application;
  readonly load: Load;
  readonly size: LoadSize;
  readonly spans: FaultSpan[];
  readonly failures: string[];
  readonly notes: string[];
  readonly onEnd: Stage["onEnd"];
}): Stage {
  const { deployment, application, load, size, spans, failures, notes, onEnd } = parts;
  const during: Stage["during"] = async (fault) => {
    const startMs = performance.now();
    const result = await fault();
    spans.push({ startMs, endMs: performance.now() });
    return result;
  };
  return {
    deployment,
    application,
    load,
    messages: size.messages,
    during,
    expect: (isTrue, sentence) => {
      if (!isTrue) failures.push(sentence);
    },
    note: (text) => void notes.push(text),
    restart: async (service, { signal, afterMs }) => {
      const process = deployment.services.of(service);
      const end = await during(async () => {
        const ended = await process.end(signal);
        await delay(afterMs);
        process.spawn();
        return ended;
      });
      if (signal === "SIGTERM" && end.code !== 0) failures.push(`${service} ended with ${end.code} after SIGTERM`);
      await process.ready();
    },
    onEnd,
  };
}

async function searched(deployment: Deployment, load: Load, say: (text: string) => void): Promise<SearchReport> {
  const startMs = performance.now();
  await deployment.flushToDisk();
  const canaries = load.talks.flatMap(({ typed }) => typed.flatMap((one) => one.canaries));
  const search = await searchDeployment(deployment, canaries);
  say(`searched ${Math.round(search.bytes / 2 ** 20)} MiB for ${search.values} values in ${secondsSince(startMs)} s`);
  return search;
}

async function keepLogs(services: ServiceProcesses, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of serviceNames) await writeFile(join(folder, `${name}.log`), services.outputOf(name));
}

/** Every service ends in order, whatever it went through. */
async function drained(services: ServiceProcesses): Promise<string[]> {
  const codes = await services.stop("SIGTERM");
  return Object.entries(codes).flatMap(([name, code]) =>
    code === 0 ? [] : [`${name} ended with ${code} at the row's end: ${services.outputOf(name as "keys").slice(-300)}`],
  );
}

function sentencesOf({ faults }: Account, { talks }: Load): string[] {
  const byFault = Map.groupBy(faults, ({ fault }) => fault);
  const sentences = [...byFault].map(
    ([fault, all]) =>
      `${all.length} ${fault}: ${all
        .slice(0, 3)
        .map(({ messageId }) => messageId)
        .join(", ")}`,
  );
  const refused = talks.flatMap((talk) => talk.refused);
  const givenUp = talks.flatMap((talk) => talk.givenUp);
  if (givenUp.length > 0) sentences.push(`${givenUp.length} given up: ${[...new Set(givenUp)].slice(0, 3).join("; ")}`);
  if (refused.length > 0) sentences.push(`${refused.length} events unverified: ${[...new Set(refused)].join(", ")}`);
  return sentences;
}

const secondsSince = (startMs: number): number => Math.round((performance.now() - startMs) / 100) / 10;
