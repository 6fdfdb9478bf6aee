export { wantedRules, type AccessPlan, type AccessRule, type UserNames } from "./acl-plan.ts";
export { applyAccess, planAccessOf } from "./kafka-access.ts";
export { applyTopics, planTopicsOf, type TopicWishes } from "./kafka-topics.ts";
export type { TopicChange } from "./topic-plan.ts";
export { kafkaConnection, kafkaVariables } from "../../log-variables.ts";
export type { KafkaConnection } from "../connection-settings.ts";
