import { describe, expect, it } from "@jest/globals";
import { AttestationError } from "@cloister/attestation";
import { createSigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  DAY_MS,
  HOUR_MS,
  PolicyError,
  checkMessage,
  clientKeysHash,
  definePolicy,
  embeddedCapabilities,
  missingGuarantees,
  noteKeyName,
  noteSigner,
  policyFromJson,
  policyToJson,
  signAdmission,
  signNote,
  signPolicy,
  signerFromSeed,
  verifyAdmission,
  verifyEd25519,
  verifyInstanceEvidence,
  verifyIssuerNote,
  verifyPolicy,
  verifyRootRotation,
  verifyRoots,
  unverifiedNoteText,
  type Admission,
  type Policy,
} from "@cloister/policy";
import { evidenceOf, measurement, configurationDigest, newSigner, newTenant, nowMs } from "./fixture.ts";
import { laterRefusalOf, refusalOf } from "./refusal.ts";

const tenant = newTenant();
const other = newTenant();
const { tenantId, policy } = tenant;
const hardware = { "aws-nitro": {} };

/** A statement under a name that its own text contradicts. */
function signedAs(office: "keys" | "root", text: string, key = tenant.root): Uint8Array {
  return signNote(text, [{ name: noteKeyName(tenantId, office), key }]);
}

const json = (fields: object) => `${JSON.stringify(fields, null, 2)}\n`;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("a statement that names another tenant than its signature", () => {
  it("is refused as an issuer's", () => {
    const fields = { tenantId: hex(other.tenantId), issuerKey: hex(tenant.issuer.publicKey), issuedAtMs: nowMs };
    const note = signedAs("keys", `cloister/v1 issuer\n${json(fields)}`, tenant.keysSigner);
    const keysSigningPublicKey = tenant.keysSigner.publicKey;
    expect(refusalOf(() => verifyIssuerNote(note, { tenantId, keysSigningPublicKey }))).toBe("STATEMENT_MISMATCH");
  });

  it.each([
    ["of the tenant in its place", tenantId, 1, undefined],
    ["of another tenant", other.tenantId, 1, "ROOT_UNTRUSTED"],
    ["out of order", tenantId, 2, "ROOT_UNTRUSTED"],
  ])("is judged as a root's rotation %s", (_what, named, index, code) => {
    const fields = { tenantId: hex(named), index, newRoot: hex(newSigner().publicKey), issuedAtMs: nowMs };
    const note = signedAs("root", `cloister/v1 root rotation\n${json(fields)}`);
    const expected = { tenantId, previousRoot: tenant.root.publicKey, index: 1 };
    expect(refusalOf(() => verifyRootRotation(note, expected))).toBe(code);
  });
});

describe("a policy", () => {
  const expected = { tenantId, roots: policy.roots, nowMs, allowDevelopment: true };

  it("is refused where no root is known", () => {
    expect(refusalOf(() => verifyPolicy(signPolicy(policy, tenant.root), { ...expected, roots: [] }))).toBe(
      "ROOT_UNTRUSTED",
    );
  });

  it.each([
    ["leaves out a root that stepped down", [tenant.root.publicKey], [newSigner().publicKey, tenant.root.publicKey]],
    ["names a root that was never one", [newSigner().publicKey, tenant.root.publicKey], [tenant.root.publicKey]],
    [
      "names another in the place of one",
      [newSigner().publicKey, tenant.root.publicKey],
      [newSigner().publicKey, tenant.root.publicKey],
    ],
  ])("is refused when it %s", (_what, named, roots) => {
    const note = signPolicy({ ...policy, roots: named }, tenant.root);
    expect(refusalOf(() => verifyPolicy(note, { ...expected, roots }))).toBe("POLICY_FOREIGN");
  });

  it("of another tenant is refused under this one's root", () => {
    const note = signedAs("root", unverifiedNoteText(signPolicy({ ...policy, tenantId: other.tenantId }, tenant.root)));
    expect(refusalOf(() => verifyPolicy(note, expected))).toBe("POLICY_FOREIGN");
  });

  it("is refused under a type line that is as long as its own", () => {
    const note = signedAs("root", unverifiedNoteText(signPolicy(policy, tenant.root)).replace(" policy", " policx"));
    expect(refusalOf(() => verifyPolicy(note, expected))).toBe("POLICY_MALFORMED");
  });

  it.each<[string, Partial<Policy["periods"]>, string | undefined]>([
    ["a legal minimum as long as the period", { log: { periodMs: 5 * DAY_MS, minimumDays: 5 } }, undefined],
    ["a legal minimum a day longer", { log: { periodMs: 5 * DAY_MS, minimumDays: 6 } }, "POLICY_MALFORMED"],
    ["a period as wide as its bucket", { map: { periodMs: HOUR_MS, minimumDays: 0 } }, undefined],
    ["a period narrower than its bucket", { map: { periodMs: HOUR_MS - 1, minimumDays: 0 } }, "POLICY_MALFORMED"],
    ["a period of a year, in buckets of a week", { log: { periodMs: 365 * DAY_MS, minimumDays: 0 } }, undefined],
  ])("with %s is judged", (_what, periods, code) => {
    const changed = { ...policy, periods: { ...policy.periods, ...periods } };
    expect(refusalOf(() => definePolicy("standard", changed))).toBe(code);
  });

  it.each<[string, Partial<Policy>]>([
    [
      "two admission issuers of one name",
      { admissionIssuers: [0, 1].map((n) => ({ name: "app", publicKey: new Uint8Array(32).fill(n) })) },
    ],
    ["a life that ends as it begins", { expiresAtMs: policy.notBeforeMs }],
  ])("with %s is none", (_what, change) => {
    expect(refusalOf(() => definePolicy("standard", { ...policy, ...change }))).toBe("POLICY_MALFORMED");
  });

  it("says of each field what is wrong with it, and of the whole what is", () => {
    const fields = { ...policyToJson(policy), version: 0, memory: "yes" };
    const sentenceOf = (action: () => unknown) => {
      try {
        action();
      } catch (error) {
        return error instanceof PolicyError ? error.message : "";
      }
      return "";
    };
    const broken = sentenceOf(() => policyFromJson(fields));
    expect(broken).toMatch(/ version: [^;]+; memory: [^;]+\.$/u);
    expect(sentenceOf(() => policyFromJson({ ...policyToJson(policy), expiresAtMs: policy.notBeforeMs }))).toContain(
      "policy: expires before it begins",
    );
    const signed = signedAs("root", `cloister/v1 policy\n${json(fields)}`);
    expect(sentenceOf(() => verifyPolicy(signed, expected))).toMatch(/ Fields: version: [^;]+; memory: [^;]+\.$/u);
    const whole = signedAs("root", `cloister/v1 policy\n${json({ ...policyToJson(policy), development: false })}`);
    expect(sentenceOf(() => verifyPolicy(whole, expected))).toContain(
      "(top): simulatedRoots need development; (top): ",
    );
  });

  it("has nothing that nobody chose", () => {
    const { version, roots, notBeforeMs, expiresAtMs, measurements, admissionIssuers } = policy;
    const kms = { custody: "byok" as const, provider: "vault" as const, keyRef: "transit/a" };
    const bare = { version, tenantId, roots, notBeforeMs, expiresAtMs, measurements, admissionIssuers, kms, hardware };
    const nothing = { simulatedRoots: [], recipients: [], delegates: [], witnesses: [], forbiddenTopics: [] };
    expect(definePolicy("standard", bare)).toMatchObject({
      ...nothing,
      development: false,
      residency: { regions: [], attested: false },
    });
    expect(definePolicy("legal", { ...bare, development: true }).residency).toEqual({ regions: [], attested: true });
  });

  it("needs a KMS and hardware of its own even where the deployment has them", () => {
    const capable = { hardwareEvidence: true, attestedRegion: true, witnesses: true, externalKms: true };
    const vault = { custody: "byok" as const, provider: "vault" as const, keyRef: "a" };
    const named = { hardware, simulatedRoots: [] };
    const missing = (change: Partial<Policy>) => missingGuarantees({ ...policy, ...change }, capable);
    expect(missing({ kms: vault, ...named })).toEqual([]);
    expect(missing(named)).toEqual([expect.stringContaining("KMS")]);
    expect(missing({ kms: vault, hardware })).toEqual([expect.stringContaining("hardware")]);
    expect(missing({ kms: vault, simulatedRoots: [] })).toEqual([expect.stringContaining("hardware")]);
    expect(missing({ kms: vault, ...named, hardware: { maximumEvidenceAgeMs: 60_000 } })).toHaveLength(1);
    const hardwareAlone = { ...embeddedCapabilities, hardwareEvidence: true };
    expect(missingGuarantees({ ...policy, ...named }, hardwareAlone)).toHaveLength(1);
  });
});

describe("a message", () => {
  it("is refused before its policy begins, and let in when it does", () => {
    const header = { tenantId, policyVersion: 1, createdAtMs: nowMs, expiresAtMs: nowMs + DAY_MS };
    const at = (notBeforeMs: number) => refusalOf(() => checkMessage({ ...policy, notBeforeMs }, header, { nowMs }));
    expect([at(nowMs + 1), at(nowMs)]).toEqual(["POLICY_EXPIRED", undefined]);
  });

  it("may be dated a minute ahead, by a clock that is fast", () => {
    const ahead = nowMs + 60_000;
    const expiresAtMs = ahead + policy.periods.flow.periodMs;
    const at = (expiry: number) =>
      refusalOf(() =>
        checkMessage(policy, { tenantId, policyVersion: 1, createdAtMs: ahead, expiresAtMs: expiry }, { nowMs }),
      );
    expect([at(expiresAtMs), at(expiresAtMs + 1)]).toEqual([undefined, "RETENTION_TOO_LONG"]);
  });
});

describe("an admission at its limits", () => {
  const keys = { clientKemPublicKey: new Uint8Array(1216), clientSigningPublicKey: new Uint8Array(32) };
  const judge = (change: Partial<Admission>) => {
    const admission: Admission = {
      id: new Uint8Array(16),
      tenantId,
      clientKeysHash: clientKeysHash(keys),
      kind: "chat",
      subjectRef: null,
      knowledgeBases: [],
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + HOUR_MS,
      ...change,
    };
    return refusalOf(() =>
      verifyAdmission(signAdmission(admission, tenant.admissionIssuer), policy, { ...keys, nowMs }),
    );
  };

  it("may be issued a minute ahead, and live for a day", () => {
    expect(judge({ issuedAtMs: nowMs + 60_000 })).toBeUndefined();
    expect(judge({ issuedAtMs: nowMs + 60_001 })).toBe("ADMISSION_EXPIRED");
    expect(judge({ expiresAtMs: nowMs + DAY_MS })).toBeUndefined();
  });

  it("is refused as changed, and not as somebody else's, when its signature doesn't hold", () => {
    const note = signedAs("root", "x\n");
    const admission = signNote("x\n", [{ name: noteKeyName(tenantId, "admission"), key: tenant.admissionIssuer }]);
    const forged = new TextDecoder().decode(admission).replace("x\n", "y\n");
    const verify = (bytes: Uint8Array) => refusalOf(() => verifyAdmission(bytes, policy, { ...keys, nowMs }));
    expect([verify(new TextEncoder().encode(forged)), verify(note)]).toEqual([
      "SIGNATURE_INVALID",
      "ADMISSION_INVALID",
    ]);
  });
});

describe("a key", () => {
  it("of a genesis root has 32 bytes", () => {
    for (const length of [0, 31, 33]) {
      expect(refusalOf(() => verifyRoots(tenantId, new Uint8Array(length), []))).toBe("ROOT_UNTRUSTED");
    }
  });

  it("signs for as long as it lives, whatever becomes of the seed that it was made of", () => {
    const seed = new Uint8Array(32).fill(7);
    const signer = signerFromSeed(seed);
    seed.fill(0);
    const message = new Uint8Array(3);
    expect(verifyEd25519(signer.publicKey, message, signer.sign(message))).toBe(true);
  });

  it("of libs/envelope signs notes, too", () => {
    const signer = noteSigner(createSigningKey(nodeBackend, new Uint8Array(32).fill(9)));
    const message = new Uint8Array(5);
    expect([verifyEd25519(signer.publicKey, message, signer.sign(message)), Object.isFrozen(signer)]).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    ["hex of another length", { tenantId: "00" }],
    [
      "base64 that isn't canonical",
      { recipients: [{ name: "desk", kemPublicKey: `${"A".repeat(1622)}B=`, map: true }] },
    ],
    [
      "characters that are none of base64",
      { recipients: [{ name: "desk", kemPublicKey: "*".repeat(1624), map: true }] },
    ],
  ])("is refused as %s", (_what, change) => {
    expect(refusalOf(() => policyFromJson({ ...policyToJson(policy), ...change }))).toBe("POLICY_MALFORMED");
  });
});

describe("an instance's evidence", () => {
  const expected = { role: "redaction" as const, nowMs, verifiers: [] };

  it("counts when the policy lists its program among others, and is refused when it lists others alone", async () => {
    const { simulatedVerifier } = await import("@cloister/attestation/simulated");
    const evidence = await evidenceOf(tenant, "redaction", newSigner().publicKey);
    const listing = (...programs: Policy["measurements"]["redaction"]) => ({
      ...policy,
      measurements: { ...policy.measurements, redaction: programs },
    });
    const own = { measurement, configurationDigest };
    const foreign = { measurement: new Uint8Array(48), configurationDigest: new Uint8Array(48) };
    const judge = (under: Policy) =>
      laterRefusalOf(() => verifyInstanceEvidence(evidence, under, { ...expected, verifiers: [simulatedVerifier] }));
    expect([
      await judge(listing(foreign, own)),
      await judge(listing(foreign)),
      await judge(listing({ ...own, configurationDigest: new Uint8Array(48) })),
    ]).toEqual([undefined, "MEASUREMENT_NOT_ALLOWED", "MEASUREMENT_NOT_ALLOWED"]);
    expect(await judge({ ...policy, development: false })).toBe("EVIDENCE_INVALID");
  });

  it("keeps the reason of the refusal as its cause", async () => {
    const evidence = await evidenceOf(tenant, "redaction", newSigner().publicKey);
    const causeOf = async (message: typeof evidence) => {
      try {
        await verifyInstanceEvidence(message, policy, expected);
      } catch (error) {
        if (error instanceof PolicyError && error.cause instanceof AttestationError) return error.cause.code;
      }
      return "none";
    };
    expect([await causeOf(evidence), await causeOf({ ...evidence, role: "printer" })]).toEqual([
      "FORMAT_UNSUPPORTED",
      "ROLE_MISMATCH",
    ]);
  });

  it("doesn't hide a bug of a verifier behind a refusal", async () => {
    const evidence = await evidenceOf(tenant, "redaction", newSigner().publicKey);
    const broken = {
      ...policy,
      get measurements(): never {
        throw new TypeError("a bug");
      },
    };
    await expect(verifyInstanceEvidence(evidence, broken, expected)).rejects.toThrow(TypeError);
  });
});
