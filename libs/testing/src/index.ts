export { capturedLog, silentLog } from "./logs.ts";
export {
  describeOnKafka,
  describeOnMoto,
  describeOnOpenBao,
  describeOnPostgres,
  describeOnPostgresServer,
  describeOnQdrant,
  describeOnRedis,
  describeOnSoftHsm,
  type EngineSuite,
} from "./describe-on-engine.ts";
export { eventually } from "./eventually.ts";
export { failOnce } from "./fail-once.ts";
export { FakeClock } from "./fake-clock.ts";
export { ManualBeat } from "./manual-beat.ts";
export { readTopic } from "./read-topic.ts";
export { prepareDataFolder, testDatabase, testDatabaseIn } from "./test-database.ts";
export { messageLogContract, type MessageLogHarness } from "./message-log-contract.ts";
export { Reader, recordOf, textOf } from "./message-log-reader.ts";
export { liveFramesContract, wakeUpsContract } from "./signal-contracts.ts";
