import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { AuthorityChainSchema } from "@cloister/contracts/keys/authority";
import { DAY_MS, definePolicy, signConversationStatement } from "@cloister/policy";
import { newSigner, SimulatedTenant } from "@cloister/testing/tenant";

import { createClient } from "../src/index.ts";
import { SimulatedService } from "./simulated-service.ts";

describe("opening a conversation", () => {
  it("gives a conversation whose id is made of the client's own keys", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    const { conversationId, kind } = service.authority.statementOf(conversation.id);
    expect([conversation.id, kind]).toEqual([new Uint8Array(conversationId), "chat"]);
  });

  it("refuses the chain of another tenant", async () => {
    const service = new SimulatedService();
    const foreign = await new SimulatedTenant(service.nowMs).chain(service.nowMs);
    service.tamper = (chain, statement) => {
      Object.assign(chain, create(AuthorityChainSchema, foreign));
      return statement;
    };
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem: "ROOT_UNTRUSTED" });
  });

  it("refuses an issuer that the evidence of keys does not vouch for", async () => {
    const service = new SimulatedService();
    service.tamper = (_chain, statement) => {
      const { conversationId } = service.authority.statementOf(onlyConversation(statement));
      return signConversationStatement(service.authority.statementOf(conversationId), newSigner());
    };
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem: "NOTE_UNSIGNED" });
  });

  it("refuses a statement with a reply key that is not the client's", async () => {
    const service = new SimulatedService();
    service.tamper = (_chain, statement) => {
      const genuine = service.authority.statementOf(onlyConversation(statement));
      const changed = { ...genuine, clientKemPublicKey: new Uint8Array(1216).fill(1) };
      return signConversationStatement(changed, service.tenant.issuer);
    };
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem: "STATEMENT_MISMATCH" });
  });

  it("refuses the answer to another request", async () => {
    const service = new SimulatedService();
    const earlier: Uint8Array[] = [];
    service.tamper = (_chain, statement) => {
      earlier.push(statement);
      return earlier[0] ?? statement;
    };
    await service.open();
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem: "STATEMENT_MISMATCH" });
  });

  it("refuses a policy that is older than one it has seen", async () => {
    const service = new SimulatedService();
    const client = service.client();
    const older = await service.tenant.chain(service.nowMs);
    service.tenant.policy = definePolicy("standard", { ...service.tenant.policy, version: 2 });
    await service.open(client);
    service.tamper = (chain, statement) => {
      Object.assign(chain, create(AuthorityChainSchema, older));
      return statement;
    };
    await expect(service.open(client)).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem: "POLICY_STALE" });
  });

  it("refuses a policy that is older than the one a resumed conversation was sealed under", async () => {
    const service = new SimulatedService();
    const older = service.tenant.policy;
    service.tenant.policy = definePolicy("standard", { ...older, version: 2 });
    const state = (await service.open()).exportState();
    // The operator sets back the database of `keys`, which then signs under the older policy.
    service.tenant.policy = older;
    const afterRestart = service.client();
    afterRestart.resumeConversation(state);
    await expect(service.open(afterRestart)).rejects.toMatchObject({ problem: "POLICY_STALE" });
  });

  it("goes on under another root of the tenant's, and refuses what the one that stepped down signs since", async () => {
    const service = new SimulatedService();
    const client = service.client();
    const before = await service.open(client);
    const { policy } = service.tenant;
    // A later version than any that the tenant makes, by a root that was stolen.
    service.tenant.policy = { ...policy, version: 9 };
    const stolen = await service.tenant.chain(service.nowMs);
    service.tenant.policy = policy;
    service.tenant.rotateRoot(service.nowMs);
    const after = await service.open(client);
    await before.send("And now?");
    service.tamper = (chain, statement) => {
      Object.assign(chain, create(AuthorityChainSchema, stolen));
      return statement;
    };
    const refused = { code: "AUTHORITY_UNTRUSTED", problem: "ROOT_UNTRUSTED" };
    await expect(service.open(client)).rejects.toMatchObject(refused);
    const afterRestart = service.client();
    afterRestart.resumeConversation(after.exportState());
    await expect(service.open(afterRestart)).rejects.toMatchObject(refused);
  });

  it("refuses an expired policy", async () => {
    const service = new SimulatedService();
    service.nowMs += 61 * DAY_MS;
    await expect(service.client().verifiedChain()).rejects.toMatchObject({ problem: "POLICY_EXPIRED" });
  });

  it("refuses evidence of a format that the application does not trust", async () => {
    const service = new SimulatedService();
    const { tenantId } = service.tenant;
    const client = createClient({
      baseUrl: "http://ingest.test",
      accessToken: "token",
      tenantId,
      evidenceVerifiers: [],
      allowDevelopment: true,
      clock: { nowMs: () => service.nowMs },
      fetch: service.fetch,
    });
    await expect(service.open(client)).rejects.toMatchObject({ problem: "EVIDENCE_INVALID" });
  });

  it("refuses a development policy unless the application allows it", async () => {
    const service = new SimulatedService();
    const { tenantId } = service.tenant;
    const options = { baseUrl: "http://ingest.test", accessToken: "token", tenantId, evidenceVerifiers: [] };
    const client = createClient({ ...options, clock: { nowMs: () => service.nowMs }, fetch: service.fetch });
    await expect(service.open(client)).rejects.toMatchObject({ problem: "DEVELOPMENT_REFUSED" });
  });

  it("refuses an admission for another kind of conversation", async () => {
    const service = new SimulatedService();
    const admission = service.admission("kb");
    await expect(service.client().openConversation({ admission })).rejects.toMatchObject({
      problem: "ADMISSION_INVALID",
    });
  });
});

function onlyConversation(statement: Uint8Array): Uint8Array {
  const [, hex] = /"conversationId": "([0-9a-f]{32})"/u.exec(new TextDecoder().decode(statement)) ?? [];
  return Buffer.from(hex ?? "", "hex");
}
