import { PartitionAssigners, type Cluster, type PartitionAssigner } from "kafkajs";

/**
 * kafkajs tells nobody before it joins a group again, so that another member could start on a partition whose batch is
 * still in work here. Joining begins by finding the coordinator, through the cluster that assigners are given: there the
 * partitions are handed back first.
 */
export function revokingAssigner(revoke: () => Promise<void>): PartitionAssigner {
  return (config) => {
    const { cluster } = config;
    const find = cluster.findGroupCoordinator.bind(cluster);
    cluster.findGroupCoordinator = async (group) => {
      await revoke();
      try {
        return await find(group);
      } catch (error) {
        throw await whyNot(cluster, group.groupId, error);
      }
    };
    return PartitionAssigners.roundRobin(config);
  };
}

/** kafkajs swallows why no broker named a coordinator: a missing right would pass for an outage. */
async function whyNot(cluster: Cluster, groupId: string, error: unknown): Promise<unknown> {
  try {
    const broker = await cluster.findControllerBroker();
    await broker.describeGroups({ groupIds: [groupId] });
    return error;
  } catch (reason) {
    return reason instanceof Error && Reflect.get(reason, "type") === "GROUP_AUTHORIZATION_FAILED" ? reason : error;
  }
}
