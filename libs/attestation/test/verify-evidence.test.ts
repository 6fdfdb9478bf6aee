import { describe, expect, it } from "@jest/globals";
import {
  MAX_CLOCK_SKEW_MS,
  MAX_EVIDENCE_LIFE_MS,
  reportData,
  verifyEvidence,
  type EvidenceExpectations,
  type EvidencePolicy,
  type ReportBinding,
} from "@cloister/attestation";
import { SimulatedRoot, simulatedEvidenceSource, simulatedVerifier } from "@cloister/attestation/simulated";
import fc from "fast-check";
import { bindingAt, nonce } from "./binding.ts";
import { laterRefusalOf, refusalOf } from "./refusal.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const root = SimulatedRoot.create();
const measurement = new Uint8Array(48).fill(7);
const binding = bindingAt(nowMs);
const allowed = [{ measurement, configurationDigest: binding.configurationDigest }];
const policy: EvidencePolicy = {
  measurements: { keys: [], redaction: allowed, "enclave-inference": [], embedding: [] },
  simulatedRoots: [root.publicKey],
};
const expected: EvidenceExpectations = { nowMs, role: "redaction", binding, nonce, verifiers: [simulatedVerifier] };
const sourceClock = { nowMs: () => nowMs };
const source = simulatedEvidenceSource(root, { role: "redaction", measurement }, sourceClock);
const evidence = await source.collect(reportData(binding));

describe("evidence", () => {
  it("proves the role, the program and the keys that it binds", async () => {
    expect(await verifyEvidence(evidence, policy, expected)).toEqual({
      format: "simulated",
      role: "redaction",
      measurement,
      configurationDigest: binding.configurationDigest,
      kemPublicKey: binding.kemPublicKey,
      signingPublicKey: binding.signingPublicKey,
      issuedAtMs: nowMs,
      notAfterMs: binding.notAfterMs,
      allowedBy: allowed[0],
    });
  });

  it("counts by an entry for its format, and not by one for another", async () => {
    const under = (format: "simulated" | "intel-tdx") => ({
      ...policy,
      measurements: { ...policy.measurements, redaction: allowed.map((entry) => ({ ...entry, format })) },
    });
    const refusals = [under("simulated"), under("intel-tdx")].map((other) =>
      laterRefusalOf(() => verifyEvidence(evidence, other, expected)),
    );
    expect(await Promise.all(refusals)).toEqual([undefined, "MEASUREMENT_NOT_ALLOWED"]);
  });

  it("is refused once its program is withdrawn, though the policy lists it", async () => {
    const withdrawing = { ...policy, withdrawn: [new Uint8Array(48), measurement] };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, withdrawing, expected))).toBe("MEASUREMENT_WITHDRAWN");
  });

  it("counts without a challenge where cached evidence will do", async () => {
    const { nonce: _unasked, ...cached } = expected;
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, cached))).toBeUndefined();
  });

  it("is refused when any bit of it is flipped", async () => {
    const refusals = [...evidence.keys()].map((position) => {
      const changed = evidence.map((byte, index) => (index === position ? byte ^ (1 << (position % 8)) : byte));
      return laterRefusalOf(() => verifyEvidence(changed, policy, expected));
    });
    expect(await Promise.all(refusals)).not.toContain(undefined);
  });

  it("is refused when cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(evidence.length - 1), async (length) => {
        expect(await laterRefusalOf(() => verifyEvidence(evidence.slice(0, length), policy, expected))).toBeDefined();
      }),
    );
  });

  it("is refused with bytes after its end", async () => {
    const longer = Uint8Array.of(...evidence, 0);
    expect(await laterRefusalOf(() => verifyEvidence(longer, policy, expected))).toBe("EVIDENCE_MALFORMED");
  });

  it("refuses arbitrary bytes with a code and never crashes", async () => {
    const tagged = fc.uint8Array({ maxLength: 1200 }).map((bytes) => Uint8Array.of(1, 0xff, ...bytes));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), tagged), async (bytes) => {
        expect(await laterRefusalOf(() => verifyEvidence(bytes, policy, expected))).toBeDefined();
      }),
    );
  });

  it("is refused by a build that doesn't contain its format", async () => {
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, { ...expected, verifiers: [] }))).toBe(
      "FORMAT_UNSUPPORTED",
    );
  });

  it("is refused with a format tag that nobody assigned", async () => {
    const unassigned = evidence.map((byte, index) => (index === 1 ? 0x77 : byte));
    expect(await laterRefusalOf(() => verifyEvidence(unassigned, policy, expected))).toBe("FORMAT_UNSUPPORTED");
  });

  it("is refused under a root that the policy doesn't name", async () => {
    const other = { ...policy, simulatedRoots: [SimulatedRoot.create().publicKey] };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, other, expected))).toBe("ROOT_NOT_TRUSTED");
  });

  it("is refused for another role than the caller expects", async () => {
    const asKeys = { ...expected, role: "keys" as const };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, asKeys))).toBe("ROLE_MISMATCH");
  });

  it("is refused when its body states another role than its binding", async () => {
    const asEmbedding = { ...binding, role: "embedding" as const };
    const claim = { ...expected, role: "embedding" as const, binding: asEmbedding };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, claim))).toBe("ROLE_MISMATCH");
  });

  it("is refused as the answer to another challenge", async () => {
    const fresh = { ...expected, nonce: new Uint8Array(32).fill(5) };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, fresh))).toBe("NONCE_MISMATCH");
  });

  it.each<[string, Partial<ReportBinding>]>([
    ["KEM key", { kemPublicKey: new Uint8Array(1216).fill(9) }],
    ["signing key", { signingPublicKey: new Uint8Array(32).fill(9) }],
    ["configuration", { configurationDigest: new Uint8Array(48).fill(9) }],
    ["expiry", { notAfterMs: binding.notAfterMs + 1 }],
  ])("is refused with a %s that it doesn't bind", async (_name, change) => {
    const claim = { ...expected, binding: { ...binding, ...change } };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, claim))).toBe("REPORT_DATA_MISMATCH");
  });

  it.each([
    ["at its expiry", binding.notAfterMs, "EVIDENCE_EXPIRED"],
    ["a moment before its expiry", binding.notAfterMs - 1, undefined],
    ["as far ahead of its verifier as clocks may lie", nowMs - MAX_CLOCK_SKEW_MS, undefined],
    ["further ahead of its verifier", nowMs - MAX_CLOCK_SKEW_MS - 1, "EVIDENCE_EXPIRED"],
  ])("is judged %s", async (_name, atMs, code) => {
    expect(await laterRefusalOf(() => verifyEvidence(evidence, policy, { ...expected, nowMs: atMs }))).toBe(code);
  });

  it("is refused when it binds its keys for longer than an hour", async () => {
    const long = { ...binding, notAfterMs: nowMs + MAX_EVIDENCE_LIFE_MS + 1 };
    const lasting = await source.collect(reportData(long));
    expect(await laterRefusalOf(() => verifyEvidence(lasting, policy, { ...expected, binding: long }))).toBe(
      "EVIDENCE_EXPIRED",
    );
  });

  it("is refused for a program that the policy doesn't list", async () => {
    const identity = { role: "redaction" as const, measurement: new Uint8Array(48).fill(8) };
    const other = await simulatedEvidenceSource(root, identity, sourceClock).collect(reportData(binding));
    expect(await laterRefusalOf(() => verifyEvidence(other, policy, expected))).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("is refused for a program that the policy lists for another role only", async () => {
    const elsewhere = { ...policy, measurements: { ...policy.measurements, keys: allowed, redaction: [] } };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, elsewhere, expected))).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("is refused for a configuration that the policy doesn't list with the program", async () => {
    const elsewhere = [{ measurement, configurationDigest: new Uint8Array(48).fill(6) }];
    const other = { ...policy, measurements: { ...policy.measurements, redaction: elsewhere } };
    expect(await laterRefusalOf(() => verifyEvidence(evidence, other, expected))).toBe("CONFIGURATION_NOT_ALLOWED");
  });
});

describe("the simulated root", () => {
  it("is the same root after it was stored", () => {
    expect(SimulatedRoot.fromSecretKey(root.exportSecretKey()).publicKey).toEqual(root.publicKey);
  });

  it("prints no part of its key", () => {
    expect([String(root), JSON.stringify({ root })]).toEqual(["[key]", '{"root":"[key]"}']);
  });

  it("isn't made from bytes that are no P-256 key", () => {
    expect(refusalOf(() => SimulatedRoot.fromSecretKey(new Uint8Array(32)))).toBe("EVIDENCE_MALFORMED");
  });
});
