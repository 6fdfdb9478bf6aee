import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createKemPrivateKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  DAY_MS,
  embeddedCapabilities,
  HOUR_MS,
  missingGuarantees as requiredButMissing,
  noteKeyName,
  openConversationSigningBytes,
  signNote,
  signPolicy,
  unverifiedNoteText,
  verifyAuthorityChain,
  verifyConversationStatement,
  verifyInstanceCertificate,
  type ConversationStatement,
} from "@cloister/policy";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { AuthorityService, type AuthorityChain } from "@cloister/contracts/keys/authority";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { configurationDigest, newSigner, TestClient, TestTenant } from "./tenant.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

/** What a client does with an answer: from the tenant id it is configured with, to the statement. */
async function verified(
  tenant: TestTenant,
  answer: { statement: Uint8Array; chain?: AuthorityChain | undefined },
): Promise<ConversationStatement> {
  if (answer.chain === undefined) throw new Error("the answer carries no chain");
  const nowMs = world.clock.nowMs();
  const { tenantId } = tenant;
  const verifiers = [simulatedVerifier];
  const chain = await verifyAuthorityChain({ tenantId, chain: answer.chain, nowMs, verifiers, allowDevelopment: true });
  return verifyConversationStatement(answer.statement, chain, { nowMs });
}

describe("applying a policy", () => {
  it("makes the tenant of its genesis root, and answers the same policy again alike", async () => {
    const tenant = new TestTenant();
    const request = tenant.signed(tenant.policy(world.clock.nowMs()));
    const first = await world.authority.applyPolicy(request);
    const again = await world.authority.applyPolicy(request);
    expect(Buffer.from(first.tenantId)).toEqual(Buffer.from(tenant.tenantId));
    expect([first.policyVersion, again.policyVersion]).toEqual([1n, 1n]);
  });

  it("refuses a policy that another key than the tenant's root signed", async () => {
    const tenant = new TestTenant();
    const request = tenant.signed(tenant.policy(world.clock.nowMs()), newSigner());
    expect(await refusal(world.authority.applyPolicy(request))).toBe("SIGNATURE_INVALID");
  });

  it("refuses an older version, and other words under a version that is in force", async () => {
    const tenant = await world.newTenant({ version: 3 });
    const nowMs = world.clock.nowMs();
    const older = tenant.signed(tenant.policy(nowMs, { version: 2 }));
    const other = tenant.signed(tenant.policy(nowMs, { version: 3, history: false }));
    expect(await refusal(world.authority.applyPolicy(older))).toBe("POLICY_STALE");
    expect(await refusal(world.authority.applyPolicy(other))).toBe("POLICY_CONFLICT");
  });

  it("refuses another tenant's policy under this tenant's root", async () => {
    const [tenant, other] = [new TestTenant(), new TestTenant()];
    const foreign = { ...other.policy(world.clock.nowMs()), tenantId: tenant.tenantId };
    const request = {
      genesisRoot: tenant.genesis.publicKey,
      rootRotations: [],
      policy: signPolicy(foreign, tenant.root),
    };
    expect(await refusal(world.authority.applyPolicy(request))).toBe("POLICY_FOREIGN");
  });

  it("refuses a policy that has expired or would live for more than 90 days", async () => {
    const tenant = new TestTenant();
    const nowMs = world.clock.nowMs();
    const expired = tenant.signed(tenant.policy(nowMs, { notBeforeMs: nowMs - DAY_MS, expiresAtMs: nowMs }));
    expect(await refusal(world.authority.applyPolicy(expired))).toBe("POLICY_EXPIRED");
    const policy = tenant.policy(nowMs);
    const sound = tenant.signed(policy);
    // `signPolicy` won't sign it, so the signed text is changed behind its back and signed anew.
    const text = unverifiedNoteText(sound.policy);
    const longer = text.replace(String(policy.expiresAtMs), String(policy.notBeforeMs + 91 * DAY_MS));
    const name = noteKeyName(tenant.tenantId, "root");
    const long = { ...sound, policy: signNote(longer, [{ name, key: tenant.root }]) };
    expect(await refusal(world.authority.applyPolicy(long))).toBe("POLICY_INVALID");
  });

  it("refuses a policy that is not marked development where evidence is simulated", async () => {
    const tenant = new TestTenant();
    const policy = tenant.policy(world.clock.nowMs(), {
      development: false,
      hardware: { "aws-nitro": {} },
      simulatedRoots: [],
      kms: { custody: "byok", provider: "vault", keyRef: "k" },
    });
    expect(await refusal(world.authority.applyPolicy(tenant.signed(policy)))).toBe("DEVELOPMENT_POLICY_REQUIRED");
  });

  it("follows a rotation of the root, and refuses the old root from then on", async () => {
    const tenant = await world.newTenant();
    const nowMs = world.clock.nowMs();
    const before = { policy: tenant.policy(nowMs, { version: 3 }), root: tenant.root };
    tenant.rotateRoot(nowMs);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(nowMs, { version: 2 })));
    const old = {
      genesisRoot: tenant.genesis.publicKey,
      rootRotations: [],
      policy: signPolicy(before.policy, before.root),
    };
    expect(await refusal(world.authority.applyPolicy(old))).toBe("POLICY_FOREIGN");
  });

  it("takes the next policy under the roots that are known", async () => {
    const tenant = await world.newTenant();
    const nowMs = world.clock.nowMs();
    tenant.rotateRoot(nowMs);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(nowMs, { version: 2 })));
    const applied = await world.authority.applyPolicy(tenant.signed(tenant.policy(nowMs, { version: 3 })));
    const { policyVersion } = await verified(tenant, await world.open(tenant));
    expect([applied.policyVersion, policyVersion]).toEqual([3n, 3]);
  });

  it("keeps one of two texts that are sent under one version at once", async () => {
    const tenant = await world.newTenant();
    const nowMs = world.clock.nowMs();
    const apply = (choices: Parameters<TestTenant["policy"]>[1]) =>
      refusal(world.authority.applyPolicy(tenant.signed(tenant.policy(nowMs, { version: 2, ...choices }))));
    const codes = await Promise.all([apply({ history: true }), apply({ history: false })]);
    expect(codes.sort()).toEqual(["POLICY_CONFLICT", "answered"]);
  });

  it("is over when the policy has expired, and while the clock says that it hasn't begun", async () => {
    const nowMs = world.clock.nowMs();
    const tenant = await world.newTenant({ notBeforeMs: nowMs, expiresAtMs: nowMs + 60_000 });
    const code = () => refusal(world.authority.getPolicy({ tenantId: tenant.tenantId }));
    const first = await code();
    world.clock.advance(-1);
    const before = await code();
    world.clock.advance(60_001);
    expect([first, before, await code()]).toEqual(["answered", "POLICY_EXPIRED", "POLICY_EXPIRED"]);
  });

  it("is shown by the same bytes for as long as evidence and policy stay", async () => {
    const { tenantId } = await world.newTenant();
    const first = await world.authority.getPolicy({ tenantId });
    world.clock.advance(1_000);
    expect(await world.authority.getPolicy({ tenantId })).toEqual(first);
  });

  it("says that a tenant is unknown before its first policy", async () => {
    const { tenantId } = new TestTenant();
    expect(await refusal(world.authority.getPolicy({ tenantId }))).toBe("TENANT_UNKNOWN");
  });
});

describe("opening a conversation", () => {
  it("answers with a statement that verifies from the tenant's id on", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    const statement = await verified(tenant, opened);
    expect(Buffer.from(statement.clientKemPublicKey)).toEqual(Buffer.from(opened.client.kem.publicKeyBytes));
    expect(statement.sealUntilMs).toBe(world.clock.nowMs() + HOUR_MS);
  });

  it("gives the same request the same statement, also after a restart", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, tenant.admission(client, world.clock.nowMs()));
    const first = await world.authority.openConversation(request);
    await world.restart();
    const again = await world.authority.openConversation(request);
    expect(Buffer.from(again.statement)).toEqual(Buffer.from(first.statement));
  });

  it("opens an id once: another request for it is refused", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const admit = () => tenant.admission(client, world.clock.nowMs());
    await world.authority.openConversation(client.openRequest(tenant, admit()));
    expect(await refusal(world.authority.openConversation(client.openRequest(tenant, admit())))).toBe("ID_REUSED");
  });

  it("lets an admission open one conversation", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const admission = tenant.admission(client, world.clock.nowMs());
    await world.authority.openConversation(client.openRequest(tenant, admission));
    const again = { ...client.openRequest(tenant, admission), salt: randomBytes(16) };
    const signed = { ...again, signature: client.signer.sign(openConversationSigningBytes(again)) };
    expect(await refusal(world.authority.openConversation(signed))).toBe("ID_REUSED");
  });

  it("answers one statement to two equal requests at once", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, tenant.admission(client, world.clock.nowMs()));
    const { authority } = world;
    const answers = await Promise.all([authority.openConversation(request), authority.openConversation(request)]);
    expect(Buffer.from(answers[0].statement)).toEqual(Buffer.from(answers[1].statement));
  });

  it.each<[string, string, (tenant: TestTenant, client: TestClient, nowMs: number) => Uint8Array]>([
    ["missing", "ADMISSION_REQUIRED", () => new Uint8Array()],
    ["no note", "ADMISSION_INVALID", () => randomBytes(64)],
    [
      "of another signer",
      "ADMISSION_INVALID",
      (tenant, client, nowMs) => tenant.admission(client, nowMs, {}, newSigner()),
    ],
    [
      "changed after it was signed",
      "ADMISSION_INVALID",
      (tenant, client, nowMs) => {
        const note = Buffer.from(tenant.admission(client, nowMs)).toString();
        return Buffer.from(note.replace(String(nowMs), String(nowMs + 1)));
      },
    ],
    ["for other keys", "ADMISSION_INVALID", (tenant, _client, nowMs) => tenant.admission(new TestClient(), nowMs)],
    ["expired", "ADMISSION_EXPIRED", (tenant, client, nowMs) => tenant.admission(client, nowMs - 2 * HOUR_MS)],
  ])("refuses an admission that is %s with %s", async (_how, code, admission) => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, admission(tenant, client, world.clock.nowMs()));
    expect(await refusal(world.authority.openConversation(request))).toBe(code);
  });

  it("refuses another tenant's admission", async () => {
    const [tenant, other] = [await world.newTenant(), await world.newTenant()];
    const client = new TestClient();
    const request = client.openRequest(tenant, other.admission(client, world.clock.nowMs()));
    expect(await refusal(world.authority.openConversation(request))).toBe("ADMISSION_INVALID");
  });

  it("refuses a request that the client's own key did not sign, and fields of the wrong length", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, tenant.admission(client, world.clock.nowMs()));
    const swapped = { ...request, nonce: randomBytes(32) };
    expect(await refusal(world.authority.openConversation(swapped))).toBe("SIGNATURE_INVALID");
    expect(await refusal(world.authority.openConversation({ ...request, salt: randomBytes(15) }))).toBe("MALFORMED");
  });
});

describe("a public key that nobody could seal to", () => {
  const lowOrder = () =>
    Uint8Array.of(...new TestClient().kem.publicKeyBytes.subarray(0, 1_184), ...new Uint8Array(32));

  it.each([
    ["is too short", () => randomBytes(1_215)],
    ["is no X-Wing key", () => new Uint8Array(1_216).fill(0xff)],
    ["has a point of low order", lowOrder],
  ])("is refused when it %s, as a client's first and as its next", async (_how, noKey) => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const opening = { ...new TestClient().openRequest(tenant, randomBytes(8)), clientKemPublicKey: noKey() };
    const renewal = client.renewRequest(tenant, world.clock.nowMs(), client.kem);
    expect([
      await refusal(world.authority.openConversation(opening)),
      await refusal(world.authority.renewConversation({ ...renewal, clientKemPublicKey: noKey() })),
    ]).toEqual(["MALFORMED", "MALFORMED"]);
  });

  it("is refused as that of a reader whom a policy names", async () => {
    const tenant = new TestTenant();
    const recipients = [{ name: "desk", kemPublicKey: lowOrder(), map: false }];
    const request = tenant.signed(tenant.policy(world.clock.nowMs(), { recipients }));
    expect(await refusal(world.authority.applyPolicy(request))).toBe("POLICY_INVALID");
  });
});

describe("renewing a conversation", () => {
  const newKey = () => createKemPrivateKey(nodeBackend, randomBytes(32));

  it("gives a statement of now with the client's new reply key under the old id", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    const first = await verified(tenant, opened);
    world.clock.advance(2 * DAY_MS);
    const replyKey = newKey();
    const request = opened.client.renewRequest(tenant, world.clock.nowMs(), replyKey);
    const renewed = await verified(tenant, await world.authority.renewConversation(request));
    expect(Buffer.from(renewed.clientKemPublicKey)).toEqual(Buffer.from(replyKey.publicKeyBytes));
    expect(Buffer.from(renewed.conversationId)).toEqual(Buffer.from(opened.conversationId));
    expect(renewed.sealUntilMs).toBe(world.clock.nowMs() + HOUR_MS);
    expect(Buffer.from(renewed.inboundPublicKey)).not.toEqual(Buffer.from(first.inboundPublicKey));
  });

  it("answers the same renewal again alike, and refuses an older one", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const nowMs = world.clock.nowMs();
    const request = client.renewRequest(tenant, nowMs, newKey());
    const first = await world.authority.renewConversation(request);
    const again = await world.authority.renewConversation(request);
    expect(Buffer.from(again.statement)).toEqual(Buffer.from(first.statement));
    const older = client.renewRequest(tenant, nowMs - 1, newKey());
    expect(await refusal(world.authority.renewConversation(older))).toBe("REQUEST_EXPIRED");
  });

  it("refuses a renewal by another key, of another time, or of an unknown conversation", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const nowMs = world.clock.nowMs();
    const codeFor = (request: Parameters<World["authority"]["renewConversation"]>[0]) =>
      refusal(world.authority.renewConversation(request));
    expect(await codeFor(client.renewRequest(tenant, nowMs, newKey(), newSigner()))).toBe("SIGNATURE_INVALID");
    expect(await codeFor(client.renewRequest(tenant, nowMs - HOUR_MS, newKey()))).toBe("REQUEST_EXPIRED");
    expect(await codeFor(new TestClient().renewRequest(tenant, nowMs, newKey()))).toBe("CONVERSATION_UNKNOWN");
  });

  it("refuses fields of the wrong length", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const request = client.renewRequest(tenant, world.clock.nowMs(), newKey());
    expect(await refusal(world.authority.renewConversation({ ...request, nonce: randomBytes(31) }))).toBe("MALFORMED");
  });

  it("takes a request that is five minutes old, and none that is older", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const codeOf = (ageMs: number) =>
      refusal(world.authority.renewConversation(client.renewRequest(tenant, world.clock.nowMs() - ageMs, newKey())));
    expect([await codeOf(300_001), await codeOf(300_000)]).toEqual(["REQUEST_EXPIRED", "answered"]);
  });

  it("takes one of two requests of the same time", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    const nowMs = world.clock.nowMs();
    const renew = () => refusal(world.authority.renewConversation(client.renewRequest(tenant, nowMs, newKey())));
    const codes = await Promise.all([renew(), renew()]);
    expect(codes.sort()).toEqual(["REQUEST_EXPIRED", "answered"]);
  });

  it("lets the conversation's secret live for the buckets that the new window brings", async () => {
    const tenant = await world.newTenant();
    const { client, name } = await world.open(tenant);
    world.clock.advance(3 * DAY_MS);
    await world.authority.renewConversation(client.renewRequest(tenant, world.clock.nowMs(), newKey()));
    const request = { ...name, purpose: "map" as const, bucketEndMs: bucketOf(world, tenant, "map") };
    expect(await (await AttestedSession.begin(world, "redaction")).codes([request])).toEqual(["given"]);
  });

  it("refuses once the conversation's last bucket has ended", async () => {
    const tenant = await world.newTenant();
    const { client } = await world.open(tenant);
    world.clock.advance(79 * DAY_MS);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    world.clock.advance(14 * DAY_MS);
    const request = client.renewRequest(tenant, world.clock.nowMs(), newKey());
    expect(await refusal(world.authority.renewConversation(request))).toBe("KEY_EXPIRED");
  });
});

describe("the doors", () => {
  it("let nobody in by another door's credential, or by none", async () => {
    const { tenantId } = new TestTenant();
    const through = (credential: string) => createClient(AuthorityService, world.transport("authority", credential));
    expect(await refusal(through("r".repeat(32)).getPolicy({ tenantId }))).toBe("UNAUTHENTICATED");
    expect(await refusal(through("").getPolicy({ tenantId }))).toBe("UNAUTHENTICATED");
  });

  it("tell a caller the code of a refusal and nothing else", async () => {
    const { tenantId } = new TestTenant();
    const error = await world.authority.getPolicy({ tenantId }).catch((thrown: unknown) => ConnectError.from(thrown));
    expect(error).toMatchObject({ rawMessage: "TENANT_UNKNOWN", code: Code.NotFound, details: [] });
  });

  it("prove the configuration that keys runs with", async () => {
    const tenant = await world.newTenant();
    const { chain } = await world.authority.getPolicy({ tenantId: tenant.tenantId });
    expect(Buffer.from(chain?.keysEvidence?.configurationDigest ?? "")).toEqual(Buffer.from(configurationDigest));
  });
});

describe("what is shown before anybody trusts", () => {
  const chainOf = (tenant: TestTenant, chain: AuthorityChain | undefined) => {
    if (chain === undefined) throw new Error("the answer carries no chain");
    const { tenantId } = tenant;
    const nowMs = world.clock.nowMs();
    return verifyAuthorityChain({ tenantId, chain, nowMs, verifiers: [simulatedVerifier], allowDevelopment: true });
  };

  it("is every instance whose session lasts, with a certificate that verifies from the tenant's root on", async () => {
    const tenant = await world.newTenant();
    await AttestedSession.begin(world, "redaction");
    const { chain, instances } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    const redaction = instances.filter(({ evidence }) => evidence?.role === "redaction");
    const expected = { role: "redaction", atMs: world.clock.nowMs() } as const;
    const authority = await chainOf(tenant, chain);
    const verified = redaction.map(({ certificate }) => verifyInstanceCertificate(certificate, authority, expected));
    expect(verified.map(({ role }) => role)).toEqual(redaction.map(() => "redaction"));
    expect(verified.length).toBeGreaterThan(0);
  });

  it("leaves out an instance whose program the tenant's policy doesn't allow", async () => {
    const tenant = await world.newTenant({
      measurements: { ...new TestTenant().policy(world.clock.nowMs()).measurements, embedding: [] },
    });
    await AttestedSession.begin(world, "embedding");
    await AttestedSession.begin(world, "redaction");
    const { instances } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    expect(new Set(instances.map(({ evidence }) => evidence?.role))).toEqual(new Set(["redaction"]));
  });

  it("leaves out an instance whose session has ended", async () => {
    const tenant = await world.newTenant();
    await AttestedSession.begin(world, "enclave-inference");
    world.clock.advance(11 * 60_000);
    const { instances } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    expect(instances).toEqual([]);
  });

  it("says what the preset requires and this deployment doesn't give", async () => {
    const tenant = await world.newTenant();
    const { missingGuarantees } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    expect(missingGuarantees).toEqual([
      ...requiredButMissing(tenant.policy(world.clock.nowMs()), embeddedCapabilities),
    ]);
  });

  it("is nothing for a tenant that was never made", async () => {
    expect(await refusal(world.authority.listInstances({ tenantId: randomBytes(16) }))).toBe("TENANT_UNKNOWN");
  });
});
