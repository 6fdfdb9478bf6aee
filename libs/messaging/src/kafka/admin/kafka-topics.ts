import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes, type Admin } from "@platformatic/kafka";
import { pipelineAccess, TENANT_BRIDGE_GROUP } from "@cloister/contracts/topic-access";
import { tenantTopics } from "@cloister/contracts/topics";
import { pipelineTopics } from "../../pipeline-topics.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { partitionsOnceHeld } from "../platformatic/platformatic-topics.ts";
import { durabilityFor, topicSettings, type TopicDurability } from "../topic-settings.ts";
import { asAdmin } from "./admin-client.ts";
import { backlogs, foundTopics } from "./found-topics.ts";
import { needsDrained, planTopics, requireDrained, type TopicChange, type WantedTopic } from "./topic-plan.ts";

export interface TopicWishes {
  /** Of every pipeline topic; without, those that are missing get as many as the services use, the others stay. */
  readonly partitions?: number;
  /** 1 to 7: the longest that a policy of this deployment keeps class `flow`. */
  readonly flowDays: number;
  /** Without: three copies of which two must have a record, or fewer where there are fewer brokers. */
  readonly durability?: TopicDurability;
  /** Ids of tenants that use Kafka themselves: each gets its pair of topics. */
  readonly tenantIdsHex: readonly string[];
}

/** What `applyTopics` would do. @throws MessagingError TOPIC_WOULD_SHRINK, TOPIC_NOT_DRAINED; as of any request */
export function planTopicsOf(connection: KafkaConnection, wishes: TopicWishes): Promise<TopicChange[]> {
  return asAdmin(connection, "look at the topics", async (admin) => {
    const { brokers } = await admin.metadata({ topics: [] });
    const wanted = wantedTopics(wishes, wishes.durability ?? durabilityFor(brokers.size));
    const found = await foundTopics(
      admin,
      wanted.map(({ name }) => name),
    );
    const backlog = await backlogs(
      admin,
      found.map(({ name }) => name),
      readersOf,
    );
    return planTopics(wanted, found, (topic) => backlog.get(topic) ?? []);
  });
}

/** Does what was planned. What must be drained is looked at once more. @throws MessagingError as the plan */
export function applyTopics(connection: KafkaConnection, changes: readonly TopicChange[]): Promise<void> {
  return asAdmin(connection, "change the topics", async (admin) => {
    for (const change of changes) {
      if (needsDrained(change)) {
        const backlog = await backlogs(admin, [change.topic], readersOf);
        requireDrained(change, backlog.get(change.topic) ?? []);
      }
      await apply(admin, change);
    }
  });
}

async function apply(admin: Admin, change: TopicChange): Promise<void> {
  switch (change.change) {
    case "create": {
      const { partitions, replicationFactor, settings } = change.wanted;
      await admin.createTopics({
        topics: [{ topic: change.topic, partitions, replicas: replicationFactor }],
        configs: Object.entries(settings).map(([name, value]) => ({ name, value })),
      });
      await partitionsOnceHeld(admin, change.topic);
      return;
    }
    case "partitions":
      await admin.createPartitions({ topics: [{ name: change.topic, count: change.to }] });
      return;
    case "setting":
      await admin.incrementalAlterConfigs({
        resources: [
          {
            resourceType: ConfigResourceTypes.TOPIC,
            resourceName: change.topic,
            configs: [
              { name: change.setting, configOperation: IncrementalAlterConfigOperationTypes.SET, value: change.to },
            ],
          },
        ],
      });
      return;
  }
}

function wantedTopics(wishes: TopicWishes, durability: TopicDurability): WantedTopic[] {
  const settings = topicSettings(wishes.flowDays, durability);
  const { replicationFactor } = durability;
  const mustHavePartitions = wishes.partitions !== undefined;
  const ofPipeline = pipelineTopics.map(({ name, partitions }) => ({
    name,
    partitions: wishes.partitions ?? partitions,
    mustHavePartitions,
  }));
  const partitions = wishes.partitions ?? Math.max(...pipelineTopics.map((topic) => topic.partitions));
  const ofTenants = wishes.tenantIdsHex.flatMap((tenantIdHex) =>
    Object.values(tenantTopics(tenantIdHex)).map((name) => ({ name, partitions, mustHavePartitions: false })),
  );
  return [...ofPipeline, ...ofTenants].map((topic) => ({ ...topic, replicationFactor, settings }));
}

/** Groups that have to have read a topic, by the pipeline's own table. */
function readersOf(topic: string): string[] {
  const ofPipeline = Object.values(pipelineAccess).flatMap(({ reads }) =>
    reads.filter((reading) => reading.topic === topic).map(({ group }) => group),
  );
  return /^tenant\.[0-9a-f]{32}\.inbound\./u.test(topic) ? [TENANT_BRIDGE_GROUP] : ofPipeline;
}
