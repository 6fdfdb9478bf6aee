import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { ConversationRecordSchema } from "@cloister/contracts/keys/release";
import { deriveConversationId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { HOUR_MS, signConversationStatement, verifyAuthorityChain, type ConversationStatement } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it } from "@jest/globals";
import { verifyRecord, type ConversationRecord } from "../src/conversation-record.ts";
import { KeyringError } from "../src/errors.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const newKemKey = (): Uint8Array => nodeBackend.kemSecret(randomBytes(32)).publicKey;
const noKey = new Uint8Array(1216).fill(0xff);
/** An ML-KEM key beside a point of X25519 that agrees with everybody on nothing. */
const lowOrderKey = (): Uint8Array => Uint8Array.of(...newKemKey().subarray(0, 1184), ...new Uint8Array(32));

/** A conversation that the tenant's issuer vouches for, and what an instance makes of the record. */
async function record(tenant: SimulatedTenant, client: { kem?: Uint8Array; inbound?: Uint8Array } = {}) {
  const { tenantId } = tenant;
  const chain = await verifyAuthorityChain({
    tenantId,
    chain: await tenant.chain(NOW_MS),
    nowMs: NOW_MS,
    verifiers: [simulatedVerifier],
    allowDevelopment: true,
  });
  const clientKemPublicKey = client.kem ?? newKemKey();
  const clientSigningPublicKey = nodeBackend.signer(randomBytes(32)).publicKey;
  const salt = randomBytes(16);
  const keys = { kem: clientKemPublicKey, signing: clientSigningPublicKey };
  const statement: ConversationStatement = {
    tenantId,
    conversationId: deriveConversationId(tenantId, keys, salt),
    kind: "chat",
    subjectRef: null,
    knowledgeBases: [],
    openingKemPublicKey: clientKemPublicKey,
    clientKemPublicKey,
    clientSigningPublicKey,
    salt,
    inboundPublicKey: client.inbound ?? newKemKey(),
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    sealUntilMs: NOW_MS + HOUR_MS,
    policyVersion: 1,
    policyHash: chain.policyHash,
    clientNonce: randomBytes(32),
  };
  const wire = create(ConversationRecordSchema, {
    tenantId,
    conversationId: statement.conversationId,
    statement: signConversationStatement(statement, tenant.issuer),
    keysNotAfterMs: BigInt(NOW_MS + 2 * HOUR_MS),
  });
  return {
    wire,
    chain,
    statement,
    verify: (changes: Partial<typeof wire> = {}, held?: ConversationRecord) =>
      verifyRecord({ ...wire, ...changes }, chain, held),
  };
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return "verified";
  } catch (error) {
    if (error instanceof KeyringError) return `${error.scope} ${error.code}`;
    throw error;
  }
}

describe("a conversation's record", () => {
  it("says what the issuer signed, and until when there are keys", async () => {
    const { verify, statement } = await record(new SimulatedTenant(NOW_MS));
    const verified = verify();
    expect(verified).toMatchObject({
      kind: "chat",
      subjectRef: undefined,
      sealUntilMs: NOW_MS + HOUR_MS,
      inboundExpiresAtMs: NOW_MS + HOUR_MS,
      keysNotAfterMs: NOW_MS + 2 * HOUR_MS,
      recipients: [],
    });
    expect(Buffer.from(verified.clientKey.bytes)).toEqual(Buffer.from(statement.clientKemPublicKey));
  });

  it("is refused under the id of another conversation of the tenant", async () => {
    const tenant = new SimulatedTenant(NOW_MS);
    const [one, other] = [await record(tenant), await record(tenant)];
    expect(codeOf(() => one.verify())).toBe("verified");
    expect(codeOf(() => one.verify({ statement: other.wire.statement }))).toBe("tenant STATEMENT_INVALID");
  });

  it("is not verified twice from the same bytes under the same chain", async () => {
    const { verify } = await record(new SimulatedTenant(NOW_MS));
    const held = verify();
    expect(verify({}, held)).toBe(held);
  });

  it("is verified anew from other bytes, under another chain, and for another conversation, whatever is held", async () => {
    const tenant = new SimulatedTenant(NOW_MS);
    const [one, other] = [await record(tenant), await record(tenant)];
    const held = one.verify();
    expect(one.verify({ keysNotAfterMs: BigInt(NOW_MS + HOUR_MS) }, held).keysNotAfterMs).toBe(NOW_MS + HOUR_MS);
    expect(codeOf(() => one.verify({ statement: other.wire.statement }, held))).toBe("tenant STATEMENT_INVALID");
    const underItsOwn = verifyRecord(one.wire, { ...one.chain }, held);
    expect(underItsOwn).not.toBe(held);
    expect(codeOf(() => verifyRecord(one.wire, { ...one.chain, issuerKey: noKey.subarray(0, 32) }, held))).toBe(
      "tenant STATEMENT_INVALID",
    );
  });

  it.each([
    ["no X-Wing key", noKey],
    ["a key with a point of low order", lowOrderKey()],
  ])("concerns that conversation alone when its client's key is %s", async (_which, kem) => {
    const { verify } = await record(new SimulatedTenant(NOW_MS), { kem });
    expect(codeOf(() => verify())).toBe("tenant STATEMENT_INVALID");
  });

  it("concerns that tenant alone when a reader of its policy has no key", async () => {
    const recipients = [{ name: "desk", kemPublicKey: noKey, map: false }];
    const { verify } = await record(new SimulatedTenant(NOW_MS, { recipients }));
    expect(codeOf(() => verify())).toBe("tenant STATEMENT_INVALID");
  });

  it("lets a reader have the map where the policy says so", async () => {
    const reader = (name: string, map: boolean) => ({ name, kemPublicKey: newKemKey(), map });
    const recipients = [reader("desk", true), reader("archive", false)];
    const { verify } = await record(new SimulatedTenant(NOW_MS, { recipients }));
    expect(verify().recipients.map(({ name, mayHaveMap }) => [name, mayHaveMap])).toEqual([
      ["desk", true],
      ["archive", false],
    ]);
  });

  it("keeps what the statement was refused for as the cause", async () => {
    const { verify } = await record(new SimulatedTenant(NOW_MS));
    const unsigned = { cause: expect.objectContaining({ name: "PolicyError" }) };
    expect(() => verify({ statement: randomBytes(200) })).toThrow(expect.objectContaining(unsigned));
  });
});
