import { afterAll, beforeAll, describe, it } from "@jest/globals";
import {
  missingKafka,
  missingMoto,
  missingOpenBao,
  missingPostgres,
  missingQdrant,
  missingRedis,
  missingSoftHsm,
  startKafka,
  startMoto,
  startOpenBao,
  startPostgres,
  startQdrant,
  startRedis,
  startSoftHsm,
  type KafkaOptions,
  type PostgresOptions,
  type RedisOptions,
  type RunningKafka,
  type RunningMoto,
  type RunningOpenBao,
  type RunningPostgres,
  type RunningQdrant,
  type RunningRedis,
  type RunningSoftHsm,
} from "./engines/index.ts";

/** What `describeOnKafka` and its like give to a suite: the engine, inside tests and hooks only. */
export type EngineSuite<Running> = (engine: () => Running) => void;

/**
 * A suite that needs Kafka, started before its tests and stopped after them. Where it can't be started the suite is
 * skipped, loudly, or fails when CLOISTER_TEST_ENGINES=required.
 */
export function describeOnKafka(name: string, options: KafkaOptions, suite: EngineSuite<RunningKafka>): void {
  describeOn(name, "Kafka", missingKafka(options), () => startKafka(options), suite);
}

/** As `describeOnKafka`, with Redis. */
export function describeOnRedis(name: string, options: RedisOptions, suite: EngineSuite<RunningRedis>): void {
  describeOn(name, "Redis", missingRedis(options), () => startRedis(options), suite);
}

/** As `describeOnKafka`, with PostgreSQL. */
export function describeOnPostgresServer(
  name: string,
  options: PostgresOptions,
  suite: EngineSuite<RunningPostgres>,
): void {
  describeOn(name, "PostgreSQL", missingPostgres(options), () => startPostgres(options), suite);
}

/** As `describeOnPostgresServer`, for suites that need an empty database and nothing else: its URL. */
export function describeOnPostgres(name: string, suite: (url: () => string) => void): void {
  describeOnPostgresServer(name, {}, (server) => {
    suite(() => server().url);
  });
}

/** As `describeOnKafka`, with OpenBao. */
export function describeOnOpenBao(name: string, suite: EngineSuite<RunningOpenBao>): void {
  describeOn(name, "OpenBao", missingOpenBao(), startOpenBao, suite);
}

/** As `describeOnKafka`, with moto in AWS' place. */
export function describeOnMoto(name: string, suite: EngineSuite<RunningMoto>): void {
  describeOn(name, "moto", missingMoto(), startMoto, suite);
}

/** As `describeOnKafka`, with SoftHSM. */
export function describeOnSoftHsm(name: string, suite: EngineSuite<RunningSoftHsm>): void {
  describeOn(name, "SoftHSM", missingSoftHsm(), startSoftHsm, suite);
}

/**
 * As `describeOnKafka`, with Qdrant. Skipped even where engines are required: no package of any system has it, so that a
 * machine without Docker can't be asked for it. The skip says that the real server was not tested.
 */
export function describeOnQdrant(name: string, suite: EngineSuite<RunningQdrant>): void {
  const missing = missingQdrant();
  if (missing === undefined) describeOn(name, "Qdrant", missing, startQdrant, suite);
  else describe(name, () => skip(name, "Qdrant", missing));
}

function describeOn<Running extends { stop(): Promise<void> }>(
  name: string,
  engine: string,
  missing: string | undefined,
  start: () => Promise<Running>,
  suite: EngineSuite<Running>,
): void {
  if (missing !== undefined) {
    describe(name, () => {
      reportMissing(name, engine, missing);
    });
    return;
  }
  describe(name, () => {
    let running: Running | undefined;
    beforeAll(async () => {
      running = await start();
    }, 180_000);
    afterAll(async () => {
      await running?.stop();
    }, 60_000);
    suite(() => {
      if (running === undefined) throw new Error(`${engine} has not been started`);
      return running;
    });
  });
}

function reportMissing(name: string, engine: string, reason: string): void {
  if (process.env["CLOISTER_TEST_ENGINES"] === "required") {
    it(`finds the ${engine} that it needs`, () => {
      throw new Error(`${name}: ${reason}`);
    });
    return;
  }
  skip(name, engine, reason);
}

function skip(name: string, engine: string, reason: string): void {
  process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
  // Parentheses would end the reason early, for who reads it out of the name.
  it.skip(`needs a real ${engine} (skipped: ${reason.replaceAll(/[()]/g, "").trim()})`, () => undefined);
}
