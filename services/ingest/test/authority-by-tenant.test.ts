import { create } from "@bufbuild/protobuf";
import {
  ApplyPolicyRequestSchema,
  ApplyPolicyResponseSchema,
  BeginUnlockRequestSchema,
  BeginUnlockResponseSchema,
  DestroyKekRequestSchema,
  DestroyKekResponseSchema,
  GetPolicyRequestSchema,
  GetPolicyResponseSchema,
  ListInstancesRequestSchema,
  ListInstancesResponseSchema,
  OpenConversationRequestSchema,
  OpenConversationResponseSchema,
  RenewConversationRequestSchema,
  RenewConversationResponseSchema,
  RotateKeysRequestSchema,
  RotateKeysResponseSchema,
  UnlockRequestSchema,
  UnlockResponseSchema,
} from "@cloister/contracts/keys/authority";
import { deriveTenantId, idToHex } from "@cloister/envelope";
import { describe, expect, it } from "@jest/globals";
import type { Authority } from "../src/authority/authority.ts";
import { authorityByTenant } from "../src/authority/authority-by-tenant.ts";

const genesisRoot = new Uint8Array(32).fill(1);
const tenantId = deriveTenantId(genesisRoot);

function recording(): Authority & { readonly asked: string[] } {
  const asked: string[] = [];
  const said = <T>(name: string, answer: T): Promise<T> => {
    asked.push(name);
    return Promise.resolve(answer);
  };
  return {
    asked,
    applyPolicy: () => said("applyPolicy", create(ApplyPolicyResponseSchema)),
    getPolicy: () => said("getPolicy", create(GetPolicyResponseSchema)),
    openConversation: () => said("openConversation", create(OpenConversationResponseSchema)),
    renewConversation: () => said("renewConversation", create(RenewConversationResponseSchema)),
    listInstances: () => said("listInstances", create(ListInstancesResponseSchema)),
    beginUnlock: () => said("beginUnlock", create(BeginUnlockResponseSchema)),
    unlock: () => said("unlock", create(UnlockResponseSchema)),
    rotateKeys: () => said("rotateKeys", create(RotateKeysResponseSchema)),
    destroyKek: () => said("destroyKek", create(DestroyKekResponseSchema)),
  };
}

async function askAll(authority: Authority, root: Uint8Array): Promise<void> {
  const tenant = { tenantId: deriveTenantId(root) };
  await authority.applyPolicy(create(ApplyPolicyRequestSchema, { genesisRoot: root }));
  await authority.getPolicy(create(GetPolicyRequestSchema, tenant));
  await authority.openConversation(create(OpenConversationRequestSchema, tenant));
  await authority.renewConversation(create(RenewConversationRequestSchema, tenant));
  await authority.listInstances(create(ListInstancesRequestSchema, tenant));
  await authority.beginUnlock(create(BeginUnlockRequestSchema, tenant));
  await authority.unlock(create(UnlockRequestSchema, { genesisRoot: root }));
  await authority.rotateKeys(create(RotateKeysRequestSchema, tenant));
  await authority.destroyKek(create(DestroyKekRequestSchema, { genesisRoot: root }));
}

const every = [
  "applyPolicy",
  "getPolicy",
  "openConversation",
  "renewConversation",
  "listInstances",
  "beginUnlock",
  "unlock",
  "rotateKeys",
  "destroyKek",
];

describe("the authority of tenants that run keys themselves", () => {
  it("is asked for everything of theirs, and for nothing of others", async () => {
    const [shared, own] = [recording(), recording()];
    const authority = authorityByTenant(shared, new Map([[idToHex(tenantId), own]]));
    await askAll(authority, genesisRoot);
    expect([own.asked, shared.asked]).toEqual([every, []]);
    await askAll(authority, new Uint8Array(32).fill(2));
    expect([own.asked, shared.asked]).toEqual([every, every]);
  });

  it("refuses a root that is none, as without such tenants", async () => {
    const authority = authorityByTenant(recording(), new Map([[idToHex(tenantId), recording()]]));
    const request = create(ApplyPolicyRequestSchema, { genesisRoot: new Uint8Array(3) });
    await expect((async () => authority.applyPolicy(request))()).rejects.toMatchObject({ code: "MALFORMED" });
  });
});
