export { missingKafka, missingPostgres, missingRedis, startKafka, startPostgres, startRedis } from "./choose.ts";
export { startEngine, type EngineCommand, type EngineControl } from "./engine-process.ts";
export { freePort, isFree } from "./free-port.ts";
export { startNativeKafka, type KafkaBroker, type RunningKafka } from "./kafka.ts";
export type { KafkaListener, KafkaOptions, KafkaUser } from "./kafka-options.ts";
export { startNativePostgres, type PostgresOptions, type RunningPostgres } from "./postgres.ts";
export { redisCommand, startNativeRedis, type RedisOptions, type RunningRedis } from "./redis.ts";
export {
  askRedis,
  makeRedisCertificate,
  redisAddress,
  startRedisCluster,
  startRedisSentinels,
  type RedisGroup,
} from "./redis-groups.ts";
export { missingMoto, startMoto, type RunningMoto } from "./moto.ts";
export { missingOpenBao, startOpenBao, type RunningOpenBao } from "./openbao.ts";
export { missingSoftHsm, startSoftHsm, type RunningSoftHsm, type TokenKeyAttributes } from "./softhsm.ts";
export { missingQdrant, startQdrant, type RunningQdrant } from "./qdrant.ts";
