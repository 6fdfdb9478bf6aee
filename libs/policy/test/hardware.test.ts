import { describe, expect, it } from "@jest/globals";
import type { Policy } from "@cloister/policy";
import { evidencePolicyFor } from "../src/hardware.ts";
import { newTenant } from "./fixture.ts";

const { policy } = newTenant();
const machines = { "eu-central-1": ["11".repeat(64)] };
const production: Policy = {
  ...policy,
  development: false,
  simulatedRoots: [],
  hardware: { "aws-nitro": {}, maximumEvidenceAgeMs: 60_000, machines, gpuIssuer: "https://gpu.example" },
  residency: { regions: ["eu-central-1"], attested: true },
  modelLocality: "enclave-attested-gpu",
};

describe("what a policy demands of evidence", () => {
  it("is hardware, an age, a region and a GPU as it names them", () => {
    expect(evidencePolicyFor("enclave-inference", production)).toEqual({
      measurements: policy.measurements,
      hardware: production.hardware,
      simulatedRoots: [],
      maximumAgeMs: 60_000,
      attestedRegions: { regions: ["eu-central-1"], platforms: machines },
      gpu: { roles: ["enclave-inference"], issuer: "https://gpu.example" },
    });
  });

  it("is neither region nor GPU in development, where nothing could prove them", () => {
    const { attestedRegions, gpu } = evidencePolicyFor("redaction", { ...production, development: true });
    expect([attestedRegions, gpu]).toEqual([undefined, undefined]);
  });

  it("is no simulated root outside of development, whatever the policy says", () => {
    const smuggled = { ...production, simulatedRoots: policy.simulatedRoots };
    expect(evidencePolicyFor("keys", smuggled).simulatedRoots).toEqual([]);
  });

  it("is no region of keys that the tenant runs, and of the operator's is one", () => {
    const regionsOf = (custody: "byok" | "hyok") =>
      evidencePolicyFor("keys", { ...production, kms: { ...production.kms, custody } }).attestedRegions;
    expect([regionsOf("hyok"), regionsOf("byok")?.regions]).toEqual([undefined, ["eu-central-1"]]);
  });

  it("is no region that need only be asserted", () => {
    const asserted = { ...production, residency: { regions: ["eu-central-1"], attested: false } };
    expect(evidencePolicyFor("redaction", asserted).attestedRegions).toBeUndefined();
  });

  it("is a GPU by nobody's word where it names no issuer, which refuses every GPU", () => {
    const unnamed = { ...production, hardware: { "aws-nitro": {} } };
    expect(evidencePolicyFor("enclave-inference", unnamed).gpu).toEqual({ roles: ["enclave-inference"], issuer: "" });
  });
});
