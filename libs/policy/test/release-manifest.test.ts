import { describe, expect, it } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import fc from "fast-check";
import {
  DAY_MS,
  HOUR_MS,
  MAX_MANIFEST_BYTES,
  MAX_MANIFESTS,
  manifestFromJson,
  manifestToJson,
  noteKeyName,
  openReleaseManifest,
  policyFromJson,
  policyToJson,
  readUnverifiedManifest,
  signerFromSeed,
  signInstanceCertificate,
  signNote,
  signReleaseManifest,
  verifyAuthorityChain,
  verifyInstanceCertificate,
  verifyInstanceEvidence,
  type Policy,
  type ReleaseManifest,
} from "@cloister/policy";
import { chainOf, configurationDigest, evidenceOf, measurement, newSigner, newTenant, nowMs } from "./fixture.ts";
import { laterRefusalOf, refusalOf } from "./refusal.ts";

const releaser = newSigner();
const stranger = newSigner();
const nothing = { keys: [], redaction: [], "enclave-inference": [], embedding: [] };
const signers = [{ name: "release-team", publicKey: releaser.publicKey }];
/** It lists no program itself: whatever is let in, a manifest lets in. */
const tenant = newTenant({
  measurements: nothing,
  releaseSigners: {
    keys: signers,
    redaction: signers,
    embedding: [{ name: "another", publicKey: stranger.publicKey }],
  },
});

const program = { measurement, configurationDigest };
const manifest: ReleaseManifest = {
  name: "cloister",
  version: "1.4.2",
  role: "redaction",
  measurements: { simulated: [program] },
  notBeforeMs: nowMs - HOUR_MS,
  notAfterMs: nowMs + 30 * DAY_MS,
};
const signed = (changes: Partial<ReleaseManifest> = {}, signer = releaser): Uint8Array =>
  signReleaseManifest({ ...manifest, ...changes }, signer);
const note = signed();

const instance = newSigner();
const message = await evidenceOf(tenant, "redaction", instance.publicKey);

function admit(releaseManifests: readonly Uint8Array[], changes: Partial<Policy> = {}, atMs = nowMs) {
  const expected = { role: "redaction" as const, nowMs: atMs, verifiers: [simulatedVerifier] };
  return verifyInstanceEvidence(
    { ...message, releaseManifests: [...releaseManifests] },
    { ...tenant.policy, ...changes },
    expected,
  );
}
const verdict = (...input: Parameters<typeof admit>) => laterRefusalOf(() => admit(...input));

const several = (count: number) => Array.from({ length: count }, () => program);

describe("a release manifest", () => {
  it("is what its signer signed", () => {
    expect(openReleaseManifest(note, [stranger.publicKey, releaser.publicKey])).toEqual(manifest);
  });

  it("never counts after any of its bytes was changed", () => {
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (position, difference) => {
        const changed = note.with(position, (note[position] ?? 0) ^ difference);
        expect(refusalOf(() => openReleaseManifest(changed, [releaser.publicKey]))).toBeDefined();
      }),
      { numRuns: 200 },
    );
  });

  it("never counts when it is cut", () => {
    fc.assert(
      fc.property(fc.nat(note.length - 1), (length) => {
        expect(refusalOf(() => openReleaseManifest(note.slice(0, length), [releaser.publicKey]))).toBeDefined();
      }),
    );
  });

  it("is refused with a code, whatever bytes stand for it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(refusalOf(() => openReleaseManifest(bytes, [releaser.publicKey]))).toBeDefined();
      }),
    );
  });

  it("has a signer of that office: nothing else that the key signs passes for one", () => {
    const text = new TextDecoder().decode(note).split("\n\n", 1).join("");
    const asRoot = signNote(`${text}\n`, [{ name: noteKeyName(tenant.tenantId, "root"), key: releaser }]);
    expect(refusalOf(() => openReleaseManifest(asRoot, [releaser.publicKey]))).toBe("NOTE_UNSIGNED");
  });

  it.each<[string, Partial<ReleaseManifest>]>([
    ["lives longer than 90 days", { notAfterMs: manifest.notBeforeMs + 90 * DAY_MS + 1 }],
    ["ends before it begins", { notAfterMs: manifest.notBeforeMs }],
    ["names no program", { measurements: {} }],
    ["has an empty list of programs", { measurements: { simulated: [] } }],
    ["names more than 24 programs", { measurements: { simulated: several(12), "aws-nitro": several(13) } }],
    ["has a version that is a sentence", { version: "the newest one" }],
  ])("is not signed when it %s", (_what, changes) => {
    expect(refusalOf(() => signed(changes))).toBe("MANIFEST_MALFORMED");
  });

  it("may live for 90 days and name 24 programs, which its 8 KiB hold", () => {
    const changes = {
      notAfterMs: manifest.notBeforeMs + 90 * DAY_MS,
      measurements: { "intel-tdx": several(24) },
      name: "n".repeat(64),
      version: "1".repeat(64),
    };
    expect(signed(changes).length).toBeLessThanOrEqual(MAX_MANIFEST_BYTES);
  });

  it("is not read above 8 KiB, however it was signed", () => {
    const text = new TextDecoder().decode(note).split("\n\n", 1).join("");
    const large = signNote(`${text}${" ".repeat(MAX_MANIFEST_BYTES)}\n`, [{ name: "cloister/release", key: releaser }]);
    expect(refusalOf(() => readUnverifiedManifest(large))).toBe("MANIFEST_MALFORMED");
  });

  it("goes through JSON and back", () => {
    expect(manifestFromJson(JSON.parse(JSON.stringify(manifestToJson(manifest))))).toEqual(manifest);
  });

  it("is named by its fields when its JSON is wrong", () => {
    expect(() => manifestFromJson({ ...manifestToJson(manifest), version: "" })).toThrow(/version/u);
  });
});

describe("evidence with release manifests", () => {
  it("is accepted by one of a signer that the policy names for the role", async () => {
    const { release, allowedBy } = await admit([note]);
    expect([release, allowedBy.format]).toEqual([{ note, manifest }, "simulated"]);
  });

  it("counts no longer than the manifest", async () => {
    const { notAfterMs } = await admit([signed({ notAfterMs: nowMs + 1_000 })]);
    expect(notAfterMs).toBe(nowMs + 1_000);
  });

  it("is accepted by the policy's own list without naming a release", async () => {
    const { release } = await admit([note], { measurements: { ...nothing, redaction: [program] } });
    expect(release).toBeUndefined();
  });

  const foreign = signed({}, stranger);
  it.each<[string, readonly Uint8Array[], Partial<Policy>]>([
    ["no manifest", [], {}],
    ["one of another signer", [foreign], {}],
    ["one of a signer that the policy names for another role", [signed({}, stranger)], {}],
    ["one for another role", [signed({ role: "embedding" })], {}],
    [
      "one for another program",
      [signed({ measurements: { simulated: [{ ...program, measurement: new Uint8Array(48) }] } })],
      {},
    ],
    [
      "one for another configuration",
      [signed({ measurements: { simulated: [{ ...program, configurationDigest: new Uint8Array(48) }] } })],
      {},
    ],
    [
      "one for another kind of evidence",
      [signed({ measurements: { "sev-snp": [program], "aws-nitro": [program] } })],
      {},
    ],
    ["one whose window has not begun", [signed({ notBeforeMs: nowMs + 1 })], {}],
    ["one whose window is over", [signed({ notAfterMs: nowMs })], {}],
    ["one under a policy that names no release signer", [note], { releaseSigners: undefined }],
    ["one under a policy that names none for the role", [note], { releaseSigners: { keys: signers } }],
  ])("is refused with %s", async (_what, manifests, changes) => {
    expect(await verdict(manifests, changes)).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("counts in the window, the beginning in and the end out", async () => {
    const window = [signed({ notBeforeMs: nowMs, notAfterMs: nowMs + 10 })];
    expect(await Promise.all([0, 9, 10].map((later) => verdict(window, {}, nowMs + later)))).toEqual([
      undefined,
      undefined,
      "MEASUREMENT_NOT_ALLOWED",
    ]);
  });

  it("counts beside manifests of others, which are another tenant's affair", async () => {
    expect(await verdict([foreign, signed({ role: "embedding" }), note])).toBeUndefined();
  });

  it("is refused with a manifest that was changed after its signer signed it", async () => {
    const text = new TextDecoder().decode(note);
    const prolonged = new TextEncoder().encode(text.replace("1.4.2", "1.4.3"));
    expect(await verdict([prolonged])).toBe("SIGNATURE_INVALID");
  });

  it("is refused with too many manifests, each of which counts", async () => {
    const enough = Array.from({ length: MAX_MANIFESTS }, () => note);
    expect([await verdict(enough), await verdict([...enough, note])]).toEqual([undefined, "MANIFEST_MALFORMED"]);
  });

  it("is refused with a manifest that is too large", async () => {
    expect(await verdict([note, new Uint8Array(MAX_MANIFEST_BYTES + 1)])).toBe("MANIFEST_MALFORMED");
  });

  it("is refused once the program is withdrawn, whatever manifest and list say", async () => {
    const listed = { measurements: { ...nothing, redaction: [program] }, withdrawn: [measurement] };
    expect([await verdict([note], listed), await verdict([note], { withdrawn: [new Uint8Array(48)] })]).toEqual([
      "MEASUREMENT_WITHDRAWN",
      undefined,
    ]);
  });

  it("says why a manifest doesn't count", async () => {
    const over = signed({ notAfterMs: nowMs });
    await expect(admit([over])).rejects.toThrow(/The manifest of cloister\/1\.4\.2 counts from .* until /u);
    await expect(admit([foreign])).rejects.toThrow(/signed by nobody whom the policy names for redaction/u);
    await expect(admit([signed({ role: "embedding" })])).rejects.toThrow(/is for embedding/u);
  });
});

describe("keys", () => {
  const ofKeys = signed({ role: "keys" });
  const judge = async (releaseManifests: readonly Uint8Array[], policy = tenant.policy) => {
    const chain = await chainOf(tenant, policy);
    const keysEvidence = chain.keysEvidence && { ...chain.keysEvidence, releaseManifests: [...releaseManifests] };
    return laterRefusalOf(() =>
      verifyAuthorityChain({
        tenantId: tenant.tenantId,
        chain: { ...chain, keysEvidence },
        nowMs,
        verifiers: [simulatedVerifier],
        allowDevelopment: true,
      }),
    );
  };

  it("is trusted by its release, and by no other role's", async () => {
    expect([await judge([ofKeys]), await judge([note]), await judge([])]).toEqual([
      undefined,
      "MEASUREMENT_NOT_ALLOWED",
      "MEASUREMENT_NOT_ALLOWED",
    ]);
  });

  it("is not trusted once its program is withdrawn", async () => {
    expect(await judge([ofKeys], { ...tenant.policy, withdrawn: [measurement] })).toBe("MEASUREMENT_WITHDRAWN");
  });
});

describe("a certificate of an instance that a manifest allows", () => {
  const { tenantId, issuer, policy } = tenant;
  const certificate = {
    tenantId,
    role: "redaction" as const,
    ...program,
    kemPublicKey: new Uint8Array(1216).fill(14),
    signingPublicKey: instance.publicKey,
    notBeforeMs: nowMs,
    notAfterMs: nowMs + 600_000,
  };
  type Shown = NonNullable<Parameters<typeof signInstanceCertificate>[0]["release"]>;
  const byManifest: Shown = { format: "simulated", manifest: note };
  const judge = (release: Shown | undefined, changes: Partial<Policy> = {}, atMs = nowMs) =>
    refusalOf(() =>
      verifyInstanceCertificate(
        signInstanceCertificate({ ...certificate, release }, issuer),
        { tenantId, issuerKey: issuer.publicKey, policy: { ...policy, ...changes } },
        { role: "redaction", atMs },
      ),
    );

  it.each<[string, Shown | undefined, Partial<Policy>, string | undefined]>([
    ["its manifest", byManifest, {}, undefined],
    ["no manifest", undefined, {}, "MEASUREMENT_NOT_ALLOWED"],
    ["a manifest of another signer", { ...byManifest, manifest: signed({}, stranger) }, {}, "MEASUREMENT_NOT_ALLOWED"],
    [
      "a manifest for another role",
      { ...byManifest, manifest: signed({ role: "keys" }) },
      {},
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "evidence of another kind than the manifest's",
      { ...byManifest, format: "aws-nitro" },
      {},
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "a manifest whose window is over",
      { ...byManifest, manifest: signed({ notAfterMs: nowMs }) },
      {},
      "MEASUREMENT_NOT_ALLOWED",
    ],
    ["a manifest that nobody can read", { ...byManifest, manifest: new Uint8Array(9) }, {}, "NOTE_MALFORMED"],
    ["its manifest, when the program is withdrawn", byManifest, { withdrawn: [measurement] }, "MEASUREMENT_WITHDRAWN"],
    [
      "no manifest, when the program is listed and withdrawn",
      undefined,
      { measurements: { ...nothing, redaction: [program] }, withdrawn: [measurement] },
      "MEASUREMENT_WITHDRAWN",
    ],
  ])("is judged with %s", (_what, release, changes, code) => {
    expect(judge(release, changes)).toBe(code);
  });

  it("is judged as of what was signed, also when the manifest's window is over", () => {
    const shown = { ...byManifest, manifest: signed({ notAfterMs: nowMs + 10 }) };
    expect([judge(shown, {}, nowMs + 9), judge(shown, {}, nowMs + 10)]).toEqual([undefined, "MEASUREMENT_NOT_ALLOWED"]);
  });
});

describe("a policy with release signers", () => {
  it("goes through JSON and back", () => {
    const { policy } = newTenant({ releaseSigners: { redaction: signers }, withdrawn: [measurement] });
    expect(policyFromJson(JSON.parse(JSON.stringify(policyToJson(policy))))).toEqual(policy);
  });

  it.each<[string, object]>([
    [
      "two signers of a role with one name",
      { releaseSigners: { redaction: [...named("one", 1), ...named("one", 2)] } },
    ],
    [
      "more than 8 signers of a role",
      { releaseSigners: { redaction: Array.from({ length: 9 }, (_, i) => named(`s${i}`, i)).flat() } },
    ],
    ["a role that nobody knows", { releaseSigners: { ingest: named("one", 1) } }],
    ["more than 256 withdrawn programs", { withdrawn: Array.from({ length: 257 }, () => "00".repeat(48)) }],
    ["a withdrawn program of another length", { withdrawn: ["00".repeat(32)] }],
  ])("is refused with %s", (_what, changes) => {
    expect(refusalOf(() => policyFromJson({ ...policyToJson(tenant.policy), ...changes }))).toBe("POLICY_MALFORMED");
  });
});

function named(name: string, index: number) {
  const { publicKey } = signerFromSeed(new Uint8Array(32).fill(index + 1));
  return [{ name, publicKey: Buffer.from(publicKey).toString("hex") }];
}
