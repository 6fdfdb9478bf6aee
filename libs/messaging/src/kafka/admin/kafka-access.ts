import {
  AclOperations,
  AclPermissionTypes,
  ResourcePatternTypes,
  ResourceTypes,
  type Acl,
  type Admin,
} from "@platformatic/kafka";
import { MessagingError } from "../../messaging-error.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { namesIn } from "../platformatic/client-errors.ts";
import { planAccess, wantedRules, type AccessPlan, type AccessRule, type UserNames } from "./acl-plan.ts";
import { asAdmin } from "./admin-client.ts";

const TENANT_TOPIC = /^tenant\.([0-9a-f]{32})\.inbound\.v1$/u;

/**
 * What `applyAccess` would do. Tenants are those that have topics, and the named ones.
 * @throws MessagingError LOG_UNGUARDED when the brokers check nothing; as of any request
 */
export function planAccessOf(
  connection: KafkaConnection,
  tenantIdsHex: readonly string[],
  users: UserNames,
): Promise<AccessPlan> {
  return guarded(connection, "look at the access rules", async (admin) => {
    const withTopics = (await admin.listTopics()).flatMap((topic) => TENANT_TOPIC.exec(topic)?.[1] ?? []);
    const wanted = wantedRules([...new Set([...tenantIdsHex, ...withTopics])].sort(), users);
    const found: AccessRule[] = [];
    for (const user of new Set(wanted.map((rule) => rule.user))) found.push(...(await rulesOfUser(admin, user)));
    return planAccess(wanted, found);
  });
}

/** Adds before it removes, so that no program is without a right that it keeps. */
export function applyAccess(connection: KafkaConnection, { add, remove }: AccessPlan): Promise<void> {
  return guarded(connection, "change the access rules", async (admin) => {
    if (add.length > 0) await admin.createAcls({ creations: add.map(aclOf) });
    if (remove.length > 0) await admin.deleteAcls({ filters: remove.map(aclOf) });
  });
}

async function guarded<T>(connection: KafkaConnection, what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  return asAdmin(connection, what, async (admin) => {
    try {
      return await work(admin);
    } catch (cause) {
      if (!namesIn(cause).includes("SECURITY_DISABLED")) throw cause;
      const sentence = "the brokers have no authorizer: whoever reaches them may read and write every topic";
      throw new MessagingError("LOG_UNGUARDED", sentence, { cause });
    }
  });
}

/** What a user is allowed. What it is denied stays as it is: it can only take away. */
async function rulesOfUser(admin: Admin, user: string): Promise<AccessRule[]> {
  const resources = await admin.describeAcls({
    filter: {
      resourceType: ResourceTypes.ANY,
      resourceName: null,
      resourcePatternType: ResourcePatternTypes.ANY,
      principal: `User:${user}`,
      host: null,
      operation: AclOperations.ANY,
      permissionType: AclPermissionTypes.ALLOW,
    },
  });
  return resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls.map(({ operation, host }) => ({
      user,
      host,
      operation: nameOf(AclOperations, operation),
      resource: nameOf(ResourceTypes, resourceType),
      name: resourceName,
      isPrefix: resourcePatternType === ResourcePatternTypes.PREFIXED,
    })),
  );
}

function aclOf({ user, host, operation, resource, name, isPrefix }: AccessRule): Acl {
  return {
    principal: `User:${user}`,
    host,
    permissionType: AclPermissionTypes.ALLOW,
    operation: valueOf(AclOperations, operation),
    resourceType: valueOf(ResourceTypes, resource),
    resourceName: name,
    resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
  };
}

/** Kafka's own name, in small letters. */
function nameOf(numbers: Readonly<Record<string, number>>, number: number): string {
  const found = Object.entries(numbers).find(([, value]) => value === number)?.[0];
  return (found ?? `unknown_${number}`).toLowerCase();
}

function valueOf<Value extends number>(numbers: Readonly<Record<string, Value>>, name: string): Value {
  const value = numbers[name.toUpperCase()];
  if (value === undefined) throw new TypeError(`Kafka has no ${name}`);
  return value;
}
