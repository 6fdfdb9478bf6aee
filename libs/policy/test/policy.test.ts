import { describe, expect, it } from "@jest/globals";
import {
  DAY_MS,
  checkMessage,
  definePolicy,
  embeddedCapabilities,
  missingGuarantees,
  missingFromDeployment,
  noteKeyName,
  policyFromJson,
  policyHashOf,
  policyToJson,
  presetNames,
  readPinnedPolicy,
  readUnverifiedPolicy,
  signNote,
  signPolicy,
  unverifiedNoteText,
  verifyPolicy,
  type MessageHeader,
  type Policy,
  type PolicyChoices,
} from "@cloister/policy";
import fc from "fast-check";
import { z } from "zod";
import { newSigner, newTenant, nowMs } from "./fixture.ts";
import { refusalOf } from "./refusal.ts";

const tenant = newTenant();
const { tenantId, policy } = tenant;
const roots = policy.roots;
const expected = { tenantId, roots, nowMs, allowDevelopment: true };
const witness = { name: "witness", publicKey: newSigner().publicKey };

/** What a policy has to name to be one without `development`. */
const production = {
  hardware: { "aws-nitro": {} },
  version: 1,
  tenantId,
  roots,
  notBeforeMs: nowMs,
  expiresAtMs: nowMs + 90 * DAY_MS,
  measurements: policy.measurements,
  admissionIssuers: policy.admissionIssuers,
  kms: { custody: "hyok" as const, provider: "vault" as const, keyRef: "transit/keys/tenant" },
  witnesses: [witness],
  residency: { regions: ["eu-central-1"], attested: true },
};

describe("a policy", () => {
  it("comes back as it was signed", () => {
    expect(verifyPolicy(signPolicy(policy, tenant.root), expected).policy).toEqual(policy);
  });

  it("comes back from the JSON of its note", () => {
    const json: unknown = JSON.parse(JSON.stringify(policyToJson(policy)));
    expect(policyFromJson(json)).toEqual(policy);
  });

  it("is refused as JSON with a field that nobody knows", () => {
    expect(refusalOf(() => policyFromJson({ ...policyToJson(policy), trust: "everybody" }))).toBe("POLICY_MALFORMED");
  });

  it("has one hash, whoever signs the same text besides", () => {
    const text = unverifiedNoteText(signPolicy(policy, tenant.root));
    const cosigned = signNote(text, [
      { name: "example.com/witness", key: newSigner() },
      { name: noteKeyName(tenantId, "root"), key: tenant.root },
    ]);
    const { policyHash } = verifyPolicy(signPolicy(policy, tenant.root), expected);
    expect([verifyPolicy(cosigned, expected).policyHash, policyHashOf(cosigned)]).toEqual([policyHash, policyHash]);
  });

  it.each(presetNames)("of the preset %s can be had without development", (preset) => {
    expect(refusalOf(() => definePolicy(preset, production))).toBeUndefined();
  });

  it.each(["healthcare", "finance", "legal"] as const)("of the preset %s needs witnesses and regions", (preset) => {
    const without = [
      { ...production, witnesses: [] },
      { ...production, hardware: {} },
      { ...production, residency: { regions: [], attested: true } },
      { ...production, residency: { regions: ["eu-central-1"], attested: false } },
      { ...production, vectors: "protected" as const },
    ];
    const refusals = without.map((choices) => refusalOf(() => definePolicy(preset, choices)));
    expect(new Set(refusals)).toEqual(new Set(["POLICY_MALFORMED"]));
  });

  it.each(["healthcare", "finance", "legal"] as const)(
    "of the preset %s has no protected vectors, not even for development",
    (preset) => {
      const choices = { ...production, development: true, vectors: "protected" as const };
      expect(refusalOf(() => definePolicy(preset, choices))).toBe("POLICY_MALFORMED");
      expect(refusalOf(() => definePolicy(preset, { ...choices, vectors: "sealed" }))).toBeUndefined();
    },
  );

  it("has protected vectors where each of their buckets lasts a day", () => {
    const protectedFor = (periodMs: number) =>
      refusalOf(() =>
        definePolicy("standard", { ...production, vectors: "protected", ...withPeriod("vector", periodMs) }),
      );
    expect([protectedFor(2 * DAY_MS), protectedFor(3 * DAY_MS)]).toEqual(["POLICY_MALFORMED", undefined]);
  });

  it("of the preset legal needs keys that the tenant itself unwraps", () => {
    const choices = { ...production, kms: { ...production.kms, custody: "byok" as const } };
    expect(refusalOf(() => definePolicy("legal", choices))).toBe("POLICY_MALFORMED");
  });

  const withPeriod = (name: keyof Policy["periods"], periodMs: number, minimumDays = 0) => ({
    periods: { ...policy.periods, [name]: { periodMs, minimumDays } },
  });

  it.each<[string, Partial<PolicyChoices>]>([
    ["no life in the flow", withPeriod("flow", 0)],
    ["a flow under a day", withPeriod("flow", DAY_MS - 1)],
    ["a flow above 7 days", withPeriod("flow", 7 * DAY_MS + 1)],
    ["vectors above 60 days", withPeriod("vector", 60 * DAY_MS + 1)],
    ["half a millisecond", withPeriod("log", DAY_MS + 0.5)],
    ["a legal minimum above the period", withPeriod("log", 5 * DAY_MS, 6)],
    ["a life above 90 days", { expiresAtMs: production.notBeforeMs + 90 * DAY_MS + 1 }],
    ["no life", { expiresAtMs: production.notBeforeMs }],
    ["version 0", { version: 0 }],
    ["no root", { roots: [] }],
    ["a simulated root in production", { simulatedRoots: [tenant.simulatedRoot.publicKey] }],
    ["a key file in production", { kms: { custody: "byok", provider: "local", keyRef: "" } }],
    ["a short measurement", { measurements: { ...policy.measurements, keys: [badMeasurement()] } }],
    ["nothing to redact", { redact: [] }],
    ["two recipients of one name", { recipients: [recipient("desk"), recipient("desk")] }],
  ])("with %s is none", (_name, change) => {
    expect(refusalOf(() => definePolicy("standard", { ...production, ...change }))).toBe("POLICY_MALFORMED");
  });

  it.each<[string, (json: string) => string]>([
    ["a field nobody knows", (json) => json.replace("{\n", '{\n  "extra": 1,\n')],
    ["a repeated field", (json) => json.replace("{\n", '{\n  "version": 9,\n')],
    ["a prototype", (json) => json.replace("{\n", '{\n  "__proto__": {},\n')],
    ["another spacing", (json) => json.replace("{\n", "{ \n")],
    ["upper-case hex", (json) => json.replace(/"tenantId": "[^"]+"/, (field) => field.toUpperCase())],
    ["training allowed", (json) => json.replace('"training": false', '"training": true')],
    ["something after its end", (json) => `${json}x\n`],
    ["no JSON", () => "null\n"],
  ])("is refused with %s, though its root signed it", (_name, change) => {
    const text = unverifiedNoteText(signPolicy(policy, tenant.root));
    const [typeLine] = text.split("\n", 1);
    const changed = `${typeLine ?? ""}\n${change(text.slice((typeLine ?? "").length + 1))}`;
    const note = signNote(changed, [{ name: noteKeyName(tenantId, "root"), key: tenant.root }]);
    expect(refusalOf(() => verifyPolicy(note, expected))).toBe("POLICY_MALFORMED");
  });

  it("is refused when another key signed it", () => {
    expect(refusalOf(() => verifyPolicy(signPolicy(policy, newSigner()), expected))).toBe("NOTE_UNSIGNED");
  });

  it("is refused when it is older than one already known", () => {
    const note = signPolicy(policy, tenant.root);
    expect(refusalOf(() => verifyPolicy(note, { ...expected, knownVersion: 4 }))).toBe("POLICY_STALE");
  });

  it("is accepted again in the version already known", () => {
    const note = signPolicy(policy, tenant.root);
    expect(refusalOf(() => verifyPolicy(note, { ...expected, knownVersion: 3 }))).toBeUndefined();
  });

  it("is refused when it names another history of roots", () => {
    const foreign = { ...policy, roots: [newSigner().publicKey, ...roots] };
    expect(refusalOf(() => verifyPolicy(signPolicy(foreign, tenant.root), expected))).toBe("POLICY_FOREIGN");
  });

  it.each([
    ["before it begins", policy.notBeforeMs - 1, "POLICY_EXPIRED"],
    ["when it begins", policy.notBeforeMs, undefined],
    ["just before its end", policy.expiresAtMs - 1, undefined],
    ["at its end", policy.expiresAtMs, "POLICY_EXPIRED"],
  ])("is judged %s", (_name, atMs, code) => {
    const note = signPolicy(policy, tenant.root);
    expect(refusalOf(() => verifyPolicy(note, { ...expected, nowMs: atMs }))).toBe(code);
  });

  it("marked development is refused by a production build", () => {
    const note = signPolicy(policy, tenant.root);
    expect(refusalOf(() => verifyPolicy(note, { ...expected, allowDevelopment: false }))).toBe("DEVELOPMENT_REFUSED");
  });

  it("is found again by the hash that a statement pinned", () => {
    const note = signPolicy(policy, tenant.root);
    const { policyHash } = verifyPolicy(note, expected);
    expect(readPinnedPolicy(note, policyHash)).toEqual(policy);
  });

  it("doesn't pass for another one that a statement pinned", () => {
    const { policyHash } = verifyPolicy(signPolicy(policy, tenant.root), expected);
    const widened = signPolicy({ ...policy, recipients: [recipient("desk")] }, tenant.root);
    expect(refusalOf(() => readPinnedPolicy(widened, policyHash))).toBe("POLICY_FOREIGN");
  });

  it("with any one field replaced by anything is a policy still, or refused as none", () => {
    const sound = z.record(z.string(), z.unknown()).parse(JSON.parse(jsonOf(signPolicy(policy, tenant.root))));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(sound)), fc.jsonValue(), (field, value) => {
        const text = `cloister/v1 policy\n${JSON.stringify({ ...sound, [field]: value }, null, 2)}\n`;
        const note = signNote(text, [{ name: noteKeyName(tenantId, "root"), key: tenant.root }]);
        expect([undefined, "POLICY_MALFORMED"]).toContain(refusalOf(() => readUnverifiedPolicy(note)));
      }),
    );
  });

  it("can be shown before anybody checked who signed it", () => {
    expect(readUnverifiedPolicy(signPolicy(policy, newSigner())).version).toBe(3);
  });
});

describe("missing guarantees", () => {
  it.each([
    ["healthcare", 4],
    ["cybersecurity", 2],
    ["standard", 2],
  ] as const)("of %s on the embedded default are each a sentence", (preset, count) => {
    const missing = missingGuarantees({ ...policy, preset }, embeddedCapabilities);
    expect(missing.filter((sentence) => sentence.endsWith("."))).toHaveLength(count);
  });

  it("are none where the deployment gives all that the preset requires", () => {
    const all = { hardwareEvidence: true, attestedRegion: true, witnesses: true, externalKms: true };
    expect(missingGuarantees(definePolicy("healthcare", production), all)).toEqual([]);
  });
});

describe("a message", () => {
  const header: MessageHeader = {
    tenantId,
    policyVersion: 3,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + policy.periods.flow.periodMs,
  };

  it.each<[string, Partial<MessageHeader>, string | undefined]>([
    ["within its policy", {}, undefined],
    ["pinned to an older policy", { policyVersion: 2 }, undefined],
    ["pinned to a policy not known yet", { policyVersion: 4 }, "POLICY_STALE"],
    ["of another tenant", { tenantId: new Uint8Array(16) }, "POLICY_FOREIGN"],
    ["at its expiry", { createdAtMs: nowMs - DAY_MS, expiresAtMs: nowMs }, "MESSAGE_EXPIRED"],
    ["kept a moment too long", { expiresAtMs: header.expiresAtMs + 1 }, "RETENTION_TOO_LONG"],
    [
      "dated into the future to be kept longer",
      { createdAtMs: nowMs + DAY_MS, expiresAtMs: header.expiresAtMs + DAY_MS },
      "RETENTION_TOO_LONG",
    ],
  ])("%s is judged without a key", (_name, change, code) => {
    expect(refusalOf(() => checkMessage(policy, { ...header, ...change }, { nowMs }))).toBe(code);
  });

  it("is refused once the policy is expired", () => {
    const atMs = policy.expiresAtMs;
    const late = { ...header, createdAtMs: atMs, expiresAtMs: atMs + DAY_MS };
    expect(refusalOf(() => checkMessage(policy, late, { nowMs: atMs }))).toBe("POLICY_EXPIRED");
  });

  it.each([
    ["nowhere known", undefined, "RESIDENCY_VIOLATION"],
    ["in a region not listed", { name: "us-east-1", isAttested: true }, "RESIDENCY_VIOLATION"],
    ["in a listed region that is only stated", { name: "eu-central-1", isAttested: false }, "RESIDENCY_VIOLATION"],
    ["in a listed region that is proved", { name: "eu-central-1", isAttested: true }, undefined],
  ])("under a policy with regions is judged %s", (_name, region, code) => {
    const resident = definePolicy("healthcare", production);
    const short = { ...header, policyVersion: 1, expiresAtMs: nowMs + DAY_MS };
    const context = region === undefined ? { nowMs } : { nowMs, region };
    expect(refusalOf(() => checkMessage(resident, short, context))).toBe(code);
  });
});

function jsonOf(note: Uint8Array): string {
  const text = unverifiedNoteText(note);
  return text.slice(text.indexOf("\n") + 1);
}

function recipient(name: string): Policy["recipients"][number] {
  return { name, kemPublicKey: new Uint8Array(1216), map: false };
}

function badMeasurement(): Policy["measurements"]["keys"][number] {
  return { measurement: new Uint8Array(32), configurationDigest: new Uint8Array(48) };
}

describe("a deployment", () => {
  it("names what it can give to no policy", () => {
    expect(missingFromDeployment(embeddedCapabilities)).toHaveLength(4);
    expect(missingFromDeployment({ ...embeddedCapabilities, witnesses: true })).toHaveLength(3);
  });
});
