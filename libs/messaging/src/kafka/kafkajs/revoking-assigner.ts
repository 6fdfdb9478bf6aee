import { PartitionAssigners, type PartitionAssigner } from "kafkajs";

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
      return find(group);
    };
    return PartitionAssigners.roundRobin(config);
  };
}
