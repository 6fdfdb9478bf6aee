import { beforeAll, describe, expect, it } from "@jest/globals";
import {
  anyHardware,
  encodeEvidence,
  type EvidenceExpectations,
  type EvidencePolicy,
  gpuNonce,
  type GpuVerifier,
  reportData,
  type TaggedEvidence,
  verifyEvidence,
} from "@cloister/attestation";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { encodeSnpEvidence, SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import { TestAmd, TestNitro, chipIdOf, levels } from "@cloister/testing/evidence";
import { bytesToHex } from "@noble/hashes/utils.js";
import { bindingAt, nonce } from "./binding.ts";
import { laterRefusalOf } from "./refusal.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const binding = bindingAt(nowMs);
const { configurationDigest } = binding;
const programs = [0x50, 0x52].map((byte) => ({ measurement: new Uint8Array(48).fill(byte), configurationDigest }));
const policy: EvidencePolicy = {
  measurements: { keys: [], redaction: programs, "enclave-inference": [], embedding: [] },
  simulatedRoots: [],
  hardware: { "aws-nitro": {}, "sev-snp": { minimumTcb: { milan: levels } } },
};
const chipIdHex = bytesToHex(chipIdOf("milan"));
let nitro: Uint8Array;
let snp: Uint8Array;
let expected: EvidenceExpectations;

const tagged = (format: TaggedEvidence["format"], body: Uint8Array, gpuClaims?: Uint8Array): Uint8Array =>
  encodeEvidence({ format, body, ...(gpuClaims && { gpuClaims }) });
let snpBody: Uint8Array;

beforeAll(async () => {
  const [enclaves, amd] = await Promise.all([TestNitro.make(), TestAmd.make()]);
  const verifiers = [
    nitroVerifier(new NitroAuthenticator([enclaves.rootSha256Hex])),
    snpVerifier(new SnpAuthenticator({ ark: amd.ark, ask: amd.ask })),
  ];
  expected = { nowMs, role: "redaction", binding, nonce, verifiers };
  const data = reportData(binding);
  nitro = tagged("aws-nitro", await enclaves.document(nowMs, { fields: { user_data: data } }));
  snpBody = encodeSnpEvidence({ report: await amd.report({ reportData: data }), endorsementKey: await amd.endorse() });
  snp = tagged("sev-snp", snpBody);
});

const judge = (evidence: Uint8Array, under: Partial<EvidencePolicy> = {}, change: Partial<EvidenceExpectations> = {}) =>
  laterRefusalOf(() => verifyEvidence(evidence, { ...policy, ...under }, { ...expected, ...change }));

describe("evidence of hardware", () => {
  it("proves the program, the keys, and in Nitro's case time and region", async () => {
    const { notAfterMs, kemPublicKey, signingPublicKey } = binding;
    const proved = {
      role: "redaction",
      configurationDigest,
      kemPublicKey,
      signingPublicKey,
      issuedAtMs: nowMs,
      notAfterMs,
    };
    const measurements = programs.map(({ measurement }) => measurement);
    expect([await verifyEvidence(nitro, policy, expected), await verifyEvidence(snp, policy, expected)]).toEqual([
      {
        ...{ ...proved, format: "aws-nitro", measurement: measurements[0], region: "eu-central-1" },
        allowedBy: programs[0],
      },
      { ...proved, format: "sev-snp", measurement: measurements[1], allowedBy: programs[1] },
    ]);
  });

  it("is refused under a policy that doesn't name such hardware", async () => {
    const nitroAlone = { hardware: { "aws-nitro": {} } };
    const none = { hardware: undefined };
    expect([await judge(nitro, nitroAlone), await judge(snp, nitroAlone), await judge(nitro, none)]).toEqual([
      undefined,
      "FORMAT_UNSUPPORTED",
      "FORMAT_UNSUPPORTED",
    ]);
  });

  it("is refused for other keys than it binds", async () => {
    const stolen = { binding: { ...binding, signingPublicKey: new Uint8Array(32).fill(9) } };
    expect([await judge(nitro, {}, stolen), await judge(snp, {}, stolen)]).toEqual([
      "REPORT_DATA_MISMATCH",
      "REPORT_DATA_MISMATCH",
    ]);
  });

  it("is refused as the evidence of another role than the one it binds", async () => {
    const measurements = { ...policy.measurements, embedding: programs };
    const [asEmbedding, asKeys] = [{ role: "embedding" as const }, { role: "keys" as const }];
    expect([
      await judge(nitro, { measurements }, asEmbedding),
      await judge(snp, { measurements }, asEmbedding),
      await judge(snp, { measurements: { ...measurements, keys: programs } }, asKeys),
    ]).toEqual(["ROLE_MISMATCH", "ROLE_MISMATCH", "ROLE_MISMATCH"]);
  });

  it("counts while its measurement is allowed, the beginning in and the end out", async () => {
    const during = (notBeforeMs?: number, notAfterMs?: number) => ({
      measurements: {
        ...policy.measurements,
        redaction: programs.map((program) => ({ ...program, notBeforeMs, notAfterMs })),
      },
    });
    expect([
      await judge(snp, during(nowMs, nowMs + 1)),
      await judge(snp, during(nowMs + 1)),
      await judge(snp, during(undefined, nowMs)),
    ]).toEqual([undefined, "MEASUREMENT_NOT_ALLOWED", "MEASUREMENT_NOT_ALLOWED"]);
  });

  it("counts no longer than its measurement is allowed, by the longest of several windows", async () => {
    const until = (...ends: (number | undefined)[]) =>
      ends.flatMap((notAfterMs) => programs.map((program) => ({ ...program, notAfterMs })));
    const endOf = async (...ends: (number | undefined)[]) => {
      const measurements = { ...policy.measurements, redaction: until(...ends) };
      return (await verifyEvidence(snp, { ...policy, measurements }, expected)).notAfterMs;
    };
    expect([await endOf(nowMs + 2, nowMs + 9, nowMs + 3), await endOf(nowMs + 2, undefined)]).toEqual([
      nowMs + 9,
      binding.notAfterMs,
    ]);
  });

  it("counts up to the policy's age; without a clock, as the answer to a challenge alone", async () => {
    const young = { maximumAgeMs: 60_000 };
    const later = (ms: number) => ({ nowMs: nowMs + ms });
    const { nonce: _unasked, ...unchallenged } = expected;
    const cached = laterRefusalOf(() => verifyEvidence(snp, { ...policy, ...young }, unchallenged));
    expect([
      await judge(nitro, young, later(60_000)),
      await judge(nitro, young, later(60_001)),
      await judge(snp, young),
      await cached,
    ]).toEqual([undefined, "EVIDENCE_EXPIRED", undefined, "EVIDENCE_EXPIRED"]);
  });

  it("without a clock counts for the last hour before the end that it binds", async () => {
    const early = (ms: number) => judge(snp, {}, { nowMs: binding.notAfterMs - ms });
    expect([await early(3_600_000), await early(3_600_001), await early(0)]).toEqual([
      undefined,
      "EVIDENCE_EXPIRED",
      "EVIDENCE_EXPIRED",
    ]);
  });

  it("proves the region itself, or by a machine that the policy lists under one", async () => {
    const demand = (region: string, platforms: Record<string, string[]> = {}) => ({
      attestedRegions: { regions: [region], platforms },
    });
    expect([
      await judge(nitro, demand("eu-central-1")),
      await judge(nitro, demand("us-east-1")),
      await judge(snp, demand("eu-central-1")),
      await judge(snp, demand("eu-central-1", { "eu-central-1": [chipIdHex] })),
      await judge(snp, demand("eu-central-1", { "us-east-1": [chipIdHex] })),
    ]).toEqual([undefined, "REGION_NOT_ATTESTED", "REGION_NOT_ATTESTED", undefined, "REGION_NOT_ATTESTED"]);
  });
});

describe("any hardware", () => {
  it("is what evidence may come from before a tenant's policy judges it", async () => {
    const old = { ...levels, bootloader: 0, microcode: 1 };
    const amd = await TestAmd.make();
    const report = await amd.report({
      tcb: old,
      hostData: new Uint8Array(32).fill(1),
      reportData: reportData(binding),
    });
    const endorsementKey = await amd.endorse({ tcb: old });
    const verifiers = [snpVerifier(new SnpAuthenticator({ ark: amd.ark, ask: amd.ask }))];
    const evidence = tagged("sev-snp", encodeSnpEvidence({ report, endorsementKey }));
    expect([
      await judge(evidence, { hardware: anyHardware }, { verifiers }),
      await judge(evidence, {}, { verifiers }),
    ]).toEqual([undefined, "TCB_NOT_ACCEPTED"]);
  });
});

describe("claims about a GPU", () => {
  const gpu = { roles: ["redaction" as const], issuer: "https://gpu.example" };
  const claims = Uint8Array.of(1, 2, 3);

  it("are demanded of the roles that the policy names, with the nonce of this evidence", async () => {
    const seen: unknown[] = [];
    const gpuVerifier: GpuVerifier = {
      verify: (given, { issuer, nonce: asked }) => {
        seen.push([given, issuer, asked]);
        return Promise.resolve();
      },
    };
    const withClaims = tagged("sev-snp", snpBody, claims);
    expect([
      await judge(withClaims, { gpu }, { gpuVerifier }),
      await judge(snp, { gpu }, { gpuVerifier }),
      await judge(withClaims, { gpu }),
      await judge(snp, { gpu: { ...gpu, roles: ["embedding"] } }),
    ]).toEqual([undefined, "GPU_NOT_ATTESTED", "GPU_NOT_ATTESTED", undefined]);
    expect(seen).toEqual([[claims, gpu.issuer, gpuNonce(reportData(binding))]]);
  });

  it("beside evidence are refused when cut", async () => {
    const withClaims = tagged("sev-snp", snpBody, claims);
    const cut = [2, 5, withClaims.length - 3].map((length) => judge(withClaims.subarray(0, length)));
    expect(await Promise.all(cut)).toEqual(["EVIDENCE_MALFORMED", "EVIDENCE_MALFORMED", "EVIDENCE_MALFORMED"]);
  });
});
