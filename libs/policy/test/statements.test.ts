import { describe, expect, it } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { deriveConversationId, parseConversationId } from "@cloister/envelope";
import {
  DAY_MS,
  clientKeysHash,
  inboundWindow,
  signAdmission,
  signConversationStatement,
  signInstanceCertificate,
  unverifiedNoteText,
  verifyAdmission,
  verifyAuthorityChain,
  verifyConversationStatement,
  verifyInstanceCertificate,
  type Admission,
  type ConversationStatement,
  type InstanceCertificate,
} from "@cloister/policy";
import { chainOf, configurationDigest, measurement, newSigner, newTenant, nowMs } from "./fixture.ts";
import { refusalOf } from "./refusal.ts";

const tenant = newTenant();
const { tenantId, policy, issuer } = tenant;
const chain = await verifyAuthorityChain({
  tenantId,
  chain: await chainOf(tenant),
  nowMs,
  verifiers: [simulatedVerifier],
  allowDevelopment: true,
});
const client = newSigner();
const clientKeys = {
  clientKemPublicKey: new Uint8Array(1216).fill(11),
  clientSigningPublicKey: client.publicKey,
};
const otherId = parseConversationId(new Uint8Array(16).fill(9));

describe("an admission", () => {
  const admission: Admission = {
    id: new Uint8Array(16).fill(1),
    tenantId,
    clientKeysHash: clientKeysHash(clientKeys),
    kind: "chat",
    subjectRef: new Uint8Array(16).fill(2),
    knowledgeBases: [otherId],
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 300_000,
  };
  const expected = { ...clientKeys, nowMs };
  const judge = (change: Partial<Admission>, signer = tenant.admissionIssuer) =>
    verifyAdmission(signAdmission({ ...admission, ...change }, signer), policy, expected);

  it("lets in whom an issuer of the policy named", () => {
    expect(judge({})).toEqual(admission);
  });

  it("may leave the person unnamed", () => {
    expect(judge({ subjectRef: null }).subjectRef).toBeNull();
  });

  it.each<[string, Partial<Admission>, string]>([
    ["another tenant's", { tenantId: newTenant().tenantId }, "ADMISSION_INVALID"],
    ["bound to other keys", { clientKeysHash: new Uint8Array(32) }, "ADMISSION_INVALID"],
    ["at its expiry", { expiresAtMs: nowMs, issuedAtMs: nowMs - 1 }, "ADMISSION_EXPIRED"],
    ["dated ahead", { issuedAtMs: nowMs + 60_001 }, "ADMISSION_EXPIRED"],
    ["valid for more than a day", { expiresAtMs: nowMs + DAY_MS + 1 }, "ADMISSION_EXPIRED"],
  ])("is refused when it is %s", (_name, change, code) => {
    expect(refusalOf(() => judge(change))).toBe(code);
  });

  it("is refused from a key that the policy doesn't list", () => {
    expect(refusalOf(() => judge({}, newSigner()))).toBe("ADMISSION_INVALID");
  });

  it("is refused from the tenant's root, which is no admission issuer", () => {
    expect(refusalOf(() => judge({}, tenant.root))).toBe("ADMISSION_INVALID");
  });

  it("is required", () => {
    expect(refusalOf(() => verifyAdmission(new Uint8Array(), policy, expected))).toBe("ADMISSION_REQUIRED");
  });
});

describe("a conversation statement", () => {
  const salt = new Uint8Array(16).fill(3);
  const openingKeys = { kem: clientKeys.clientKemPublicKey, signing: clientKeys.clientSigningPublicKey };
  const { bucketEndMs, sealUntilMs } = inboundWindow(policy.periods.flow.periodMs, nowMs);
  const nonce = new Uint8Array(32).fill(4);
  const statement: ConversationStatement = {
    tenantId,
    conversationId: deriveConversationId(tenantId, openingKeys, salt),
    kind: "chat",
    subjectRef: null,
    knowledgeBases: [],
    openingKemPublicKey: clientKeys.clientKemPublicKey,
    ...clientKeys,
    salt,
    inboundPublicKey: new Uint8Array(1216).fill(12),
    issuedAtMs: nowMs,
    expiresAtMs: bucketEndMs,
    sealUntilMs,
    policyVersion: policy.version,
    policyHash: chain.policyHash,
    clientNonce: nonce,
  };
  const expected = { nowMs, nonce, ...clientKeys, conversationId: statement.conversationId };
  const judge = (change: Partial<ConversationStatement>, signer = issuer) =>
    verifyConversationStatement(signConversationStatement({ ...statement, ...change }, signer), chain, expected);

  it("tells the client which key to seal to", () => {
    expect(judge({})).toEqual(statement);
  });

  it("needs no expectation of an instance but the time", () => {
    const note = signConversationStatement(statement, issuer);
    expect(refusalOf(() => verifyConversationStatement(note, chain, { nowMs }))).toBeUndefined();
  });

  it("keeps the conversation's id when the reply key is renewed", () => {
    const renewed = { ...statement, clientKemPublicKey: new Uint8Array(1216).fill(13) };
    const note = signConversationStatement(renewed, issuer);
    const anew = { ...expected, clientKemPublicKey: renewed.clientKemPublicKey };
    expect(verifyConversationStatement(note, chain, anew).conversationId).toEqual(statement.conversationId);
  });

  it.each<[string, Partial<ConversationStatement>, string]>([
    ["names another tenant", { tenantId: newTenant().tenantId }, "NOTE_UNSIGNED"],
    ["names another id", { conversationId: otherId }, "STATEMENT_MISMATCH"],
    ["names another opening key", { openingKemPublicKey: new Uint8Array(1216) }, "STATEMENT_MISMATCH"],
    ["names another signing key", { clientSigningPublicKey: newSigner().publicKey }, "STATEMENT_MISMATCH"],
    ["names another salt", { salt: new Uint8Array(16) }, "STATEMENT_MISMATCH"],
    ["names another reply key", { clientKemPublicKey: new Uint8Array(1216) }, "STATEMENT_MISMATCH"],
    ["answers another nonce", { clientNonce: new Uint8Array(32) }, "STATEMENT_MISMATCH"],
    ["was made under a newer policy", { policyVersion: policy.version + 1 }, "POLICY_STALE"],
    ["was made under another text of the policy", { policyHash: new Uint8Array(32) }, "POLICY_STALE"],
    ["outlives the flow period", { expiresAtMs: nowMs + policy.periods.flow.periodMs + 1 }, "RETENTION_TOO_LONG"],
    ["may be sealed to after its end", { sealUntilMs: bucketEndMs + 1 }, "RETENTION_TOO_LONG"],
    ["may never be sealed to", { sealUntilMs: nowMs }, "RETENTION_TOO_LONG"],
  ])("is refused when it %s", (_name, change, code) => {
    expect(refusalOf(() => judge(change))).toBe(code);
  });

  it("is refused from anybody but the issuer", () => {
    expect(refusalOf(() => judge({}, tenant.keysSigner))).toBe("NOTE_UNSIGNED");
  });

  it.each([
    ["lives the whole flow period", { expiresAtMs: nowMs + policy.periods.flow.periodMs }],
    ["may be sealed to until its end", { sealUntilMs: bucketEndMs }],
  ])("is good when it %s", (_name, change) => {
    expect(refusalOf(() => judge(change))).toBeUndefined();
  });

  it("is refused where another conversation's is expected", () => {
    const note = signConversationStatement(statement, issuer);
    const foreign = { nowMs, conversationId: otherId };
    expect(refusalOf(() => verifyConversationStatement(note, chain, foreign))).toBe("STATEMENT_MISMATCH");
  });

  it("is refused from its end on", () => {
    const note = signConversationStatement(statement, issuer);
    const late = { ...expected, nowMs: bucketEndMs };
    expect(refusalOf(() => verifyConversationStatement(note, chain, late))).toBe("STATEMENT_EXPIRED");
  });

  it("still says after its end who the readers are", () => {
    const note = signConversationStatement(statement, issuer);
    expect(verifyConversationStatement(note, chain, { nowMs: "any" }).clientKemPublicKey).toEqual(
      clientKeys.clientKemPublicKey,
    );
  });

  it("made under an older policy stays good under a newer one, whose period it no longer fits", () => {
    const newer = {
      ...chain,
      policy: {
        ...policy,
        version: policy.version + 1,
        periods: { ...policy.periods, flow: { periodMs: DAY_MS, minimumDays: 0 } },
      },
    };
    const note = signConversationStatement(statement, issuer);
    expect(refusalOf(() => verifyConversationStatement(note, newer, expected))).toBeUndefined();
  });
});

describe("an instance certificate", () => {
  const instance = newSigner();
  const certificate: InstanceCertificate = {
    tenantId,
    role: "enclave-inference",
    measurement,
    configurationDigest,
    kemPublicKey: new Uint8Array(1216).fill(14),
    signingPublicKey: instance.publicKey,
    notBeforeMs: nowMs,
    notAfterMs: nowMs + 600_000,
  };
  const judge = (change: Partial<InstanceCertificate>, atMs = nowMs, signer = issuer) =>
    verifyInstanceCertificate(signInstanceCertificate({ ...certificate, ...change }, signer), chain, {
      role: "enclave-inference",
      atMs,
    });

  it("says whose signature a reply has to carry", () => {
    expect(judge({}).signingPublicKey).toEqual(instance.publicKey);
  });

  it.each<[string, Partial<InstanceCertificate>, string]>([
    ["another tenant's", { tenantId: newTenant().tenantId }, "NOTE_UNSIGNED"],
    ["another role's", { role: "redaction" }, "CERTIFICATE_INVALID"],
    ["of a program that the policy doesn't list", { measurement: new Uint8Array(48) }, "MEASUREMENT_NOT_ALLOWED"],
    ["of another configuration", { configurationDigest: new Uint8Array(48) }, "MEASUREMENT_NOT_ALLOWED"],
  ])("is refused when it is %s", (_name, change, code) => {
    expect(refusalOf(() => judge(change))).toBe(code);
  });

  it("is good for one program among those that the policy lists", () => {
    const others = { measurement: new Uint8Array(48), configurationDigest: new Uint8Array(48) };
    const allowed = { measurement, configurationDigest };
    const measurements = { ...policy.measurements, "enclave-inference": [others, allowed] };
    const wider = { ...chain, policy: { ...policy, measurements } };
    const note = signInstanceCertificate(certificate, issuer);
    const expected = { role: "enclave-inference" as const, atMs: nowMs };
    expect(refusalOf(() => verifyInstanceCertificate(note, wider, expected))).toBeUndefined();
  });

  it("is good while the policy allows its program, the beginning in and the end out", () => {
    const allowed = { measurement, configurationDigest, notBeforeMs: nowMs + 10, notAfterMs: nowMs + 20 };
    const measurements = { ...policy.measurements, "enclave-inference": [allowed] };
    const limited = { ...chain, policy: { ...policy, measurements } };
    const note = signInstanceCertificate(certificate, issuer);
    const at = (atMs: number) =>
      refusalOf(() => verifyInstanceCertificate(note, limited, { role: "enclave-inference", atMs }));
    expect([at(nowMs + 9), at(nowMs + 10), at(nowMs + 19), at(nowMs + 20)]).toEqual([
      "MEASUREMENT_NOT_ALLOWED",
      undefined,
      undefined,
      "MEASUREMENT_NOT_ALLOWED",
    ]);
  });

  it.each([
    ["a moment before its begin", nowMs - 1, "CERTIFICATE_INVALID"],
    ["just before its end", certificate.notAfterMs - 1, undefined],
    ["at its end", certificate.notAfterMs, "CERTIFICATE_INVALID"],
  ])("is judged as of what was signed: %s", (_name, atMs, code) => {
    expect(refusalOf(() => judge({}, atMs))).toBe(code);
  });

  it("is refused from anybody but the issuer", () => {
    expect(refusalOf(() => judge({}, nowMs, instance))).toBe("NOTE_UNSIGNED");
  });

  it("doesn't pass for another kind of statement by the same key", () => {
    const note = signInstanceCertificate(certificate, issuer);
    expect(refusalOf(() => verifyConversationStatement(note, chain, { nowMs }))).toBe("STATEMENT_MALFORMED");
  });

  it("can be read by a person", () => {
    const [typeLine, , firstField] = unverifiedNoteText(signInstanceCertificate(certificate, issuer)).split("\n", 3);
    expect([typeLine, firstField]).toEqual([
      "cloister/v1 instance certificate",
      expect.stringContaining('"tenantId": "'),
    ]);
  });
});
