export type { KafkaConnection, KafkaTls, ScramCredentials } from "./connection-settings.ts";
export {
  deletedByMs,
  durabilityFor,
  LONGEST_FLOW_DAYS,
  topicSettings,
  type TopicDurability,
} from "./topic-settings.ts";
