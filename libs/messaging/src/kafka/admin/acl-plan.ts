import {
  bridgeAccess,
  pipelineAccess,
  tenantAccess,
  type PipelineService,
  type TopicAccess,
} from "@cloister/contracts/topic-access";

/** One thing that a principal may do. Reading and writing a topic include describing it. */
export interface AccessRule {
  /** The user's name, without Kafka's `User:`. */
  readonly user: string;
  /** An address that it has to come from; `*` for any. */
  readonly host: string;
  readonly operation: string;
  readonly resource: string;
  readonly name: string;
  /** True: whatever begins so. */
  readonly isPrefix: boolean;
}

export interface AccessPlan {
  readonly add: readonly AccessRule[];
  /** What these users may do beyond their own topics and groups. */
  readonly remove: readonly AccessRule[];
}

export interface UserNames {
  readonly ofService: (service: PipelineService) => string;
  readonly ofTenant: (tenantIdHex: string) => string;
}

/** Everything that services and tenants may do. A user that has no rule here is not one of ours. */
export function wantedRules(tenantIdsHex: readonly string[], users: UserNames): AccessRule[] {
  const ofServices = pipelineServices().flatMap((service) =>
    rulesOf(users.ofService(service), pipelineAccess[service]),
  );
  const ofTenants = tenantIdsHex.flatMap((tenantIdHex) => [
    ...rulesOf(users.ofService("ingest"), bridgeAccess(tenantIdHex)),
    ...rulesOf(users.ofTenant(tenantIdHex), tenantAccess(tenantIdHex)),
  ]);
  return unique([...ofServices, ...ofTenants]);
}

/** What turns the rules that are there into the wanted ones. */
export function planAccess(wanted: readonly AccessRule[], found: readonly AccessRule[]): AccessPlan {
  const wantedKeys = new Set(wanted.map(keyOf));
  const foundKeys = new Set(found.map(keyOf));
  return {
    add: wanted.filter((rule) => !foundKeys.has(keyOf(rule))),
    remove: found.filter((rule) => !wantedKeys.has(keyOf(rule))),
  };
}

function rulesOf(user: string, { writes, reads }: TopicAccess): AccessRule[] {
  const who = { user, host: "*" };
  return [
    ...writes.map((name) => ({ ...who, operation: "write", resource: "topic", name, isPrefix: false })),
    ...reads.flatMap(({ topic, group, isGroupPrefix = false }) => [
      { ...who, operation: "read", resource: "topic", name: topic, isPrefix: false },
      { ...who, operation: "read", resource: "group", name: group, isPrefix: isGroupPrefix },
    ]),
  ];
}

function pipelineServices(): PipelineService[] {
  // Its keys are all that it has.
  return Object.keys(pipelineAccess) as PipelineService[];
}

function unique(rules: readonly AccessRule[]): AccessRule[] {
  return [...new Map(rules.map((rule) => [keyOf(rule), rule])).values()];
}

function keyOf({ user, host, operation, resource, name, isPrefix }: AccessRule): string {
  return JSON.stringify([user, host, operation, resource, name, isPrefix]);
}
