import type { KeyRequest } from "@cloister/keyring";
import { purposeToWire } from "@cloister/policy";
import { schemaOf } from "@cloister/storage";
import { expect } from "@jest/globals";
import type { KeysTables } from "../src/records/tables.ts";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import type { TestTenant } from "./tenant.ts";
import type { World } from "./world.ts";

export function tables(world: World) {
  return schemaOf<KeysTables>(world.db, "keys");
}

export function bucketRef(tenant: TestTenant, purpose: KeyRequest["purpose"], bucketEndMs: number) {
  return { tenantId: tenant.tenantId, purpose: purposeToWire(purpose), bucketEndMs: BigInt(bucketEndMs) };
}

/** A conversation whose map key has been used. */
export async function withMapKey(world: World) {
  const opened = await world.open(await world.newTenant());
  const request: KeyRequest = { ...opened.name, purpose: "map", bucketEndMs: bucketOf(world, opened.tenant, "map") };
  const code = async () => (await (await AttestedSession.begin(world, "redaction")).codes([request]))[0];
  expect(await code()).toBe("given");
  return { ...opened, request, code };
}
