import { ConfigResourceTypes, ListOffsetTimestamps, type Admin } from "@platformatic/kafka";
import type { Backlog, FoundTopic } from "./topic-plan.ts";

/** Those of the named topics that are there, as they are. */
export async function foundTopics(admin: Admin, names: readonly string[]): Promise<FoundTopic[]> {
  const there = new Set(await admin.listTopics());
  const found = names.filter((name) => there.has(name));
  if (found.length === 0) return [];
  const { topics } = await admin.metadata({ topics: [...found], forceUpdate: true });
  const configs = await admin.describeConfigs({
    resources: found.map((resourceName) => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName })),
  });
  return found.flatMap((name) => {
    const partitions = topics.get(name)?.partitions ?? [];
    const settings = configs.find(({ resourceName }) => resourceName === name)?.configs ?? [];
    return [
      {
        name,
        partitions: partitions.length,
        replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        settings: Object.fromEntries(settings.map((one) => [one.name, one.value ?? ""])),
      },
    ];
  });
}

/** By topic, what the groups that read it have not read. `readers` read it too, whether or not they ever committed. */
export async function backlogs(
  admin: Admin,
  topics: readonly string[],
  readers: (topic: string) => readonly string[],
): Promise<Map<string, Backlog[]>> {
  const committed = await committedOffsets(admin);
  const ranges = await offsetRanges(admin, topics);
  return new Map(
    topics.map((topic) => {
      const groups = new Set([...readers(topic), ...[...committed].flatMap(([g, of]) => (of.has(topic) ? [g] : []))]);
      const backlog = [...groups].map((group) => ({
        group,
        topic,
        records: behind(ranges.get(topic) ?? [], committed.get(group)?.get(topic)),
      }));
      return [topic, backlog.filter(({ records }) => records > 0)];
    }),
  );
}

interface OffsetRange {
  readonly partition: number;
  readonly first: bigint;
  readonly end: bigint;
}

/** How many records of the log lie behind what was committed; all of them where nothing was. */
function behind(ranges: readonly OffsetRange[], committed: ReadonlyMap<number, bigint> | undefined): number {
  return ranges.reduce((sum, { partition, first, end }) => {
    const at = committed?.get(partition) ?? first;
    return sum + Number(end - (at > first ? at : first));
  }, 0);
}

/** By group, topic and partition. */
async function committedOffsets(admin: Admin): Promise<Map<string, Map<string, Map<number, bigint>>>> {
  const groups = [...(await admin.listGroups()).keys()];
  if (groups.length === 0) return new Map();
  const offsets = await admin.listConsumerGroupOffsets({ groups });
  return new Map(
    offsets.map(({ groupId, topics }) => [
      groupId,
      new Map(
        topics.map(({ name, partitions }) => [
          name,
          new Map(
            partitions
              .filter(({ committedOffset }) => committedOffset >= 0n)
              .map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
          ),
        ]),
      ),
    ]),
  );
}

async function offsetRanges(admin: Admin, names: readonly string[]): Promise<Map<string, OffsetRange[]>> {
  if (names.length === 0) return new Map();
  const { topics } = await admin.metadata({ topics: [...names], forceUpdate: true });
  const at = async (timestamp: bigint): Promise<Map<string, Map<number, bigint>>> => {
    const listed = await admin.listOffsets({
      topics: names.map((name) => ({
        name,
        partitions: (topics.get(name)?.partitions ?? []).map((_, partitionIndex) => ({ partitionIndex, timestamp })),
      })),
    });
    return new Map(
      listed.map(({ name, partitions }) => [name, new Map(partitions.map((one) => [one.partitionIndex, one.offset]))]),
    );
  };
  const first = await at(ListOffsetTimestamps.EARLIEST);
  const end = await at(ListOffsetTimestamps.LATEST);
  return new Map(
    names.map((name) => [
      name,
      [...(end.get(name) ?? [])].map(([partition, offset]) => ({
        partition,
        first: first.get(name)?.get(partition) ?? 0n,
        end: offset,
      })),
    ]),
  );
}
