import { describe, expect, it } from "@jest/globals";
import { DAY_MS, definePolicy, presetNames, presets, type PresetName } from "@cloister/policy";
import { newTenant } from "./fixture.ts";

const { policy } = newTenant();
const { redact: _redact, block: _block, periods: _periods, history: _history, memory: _memory, ...bare } = policy;

describe.each(presetNames)("the preset %s", (name) => {
  const preset = presets[name];

  it("gives a policy what it decides", () => {
    const { redact, block, periods, history, memory, vectors, modelLocality, training, residency } = definePolicy(
      name,
      {
        ...bare,
        vectors: preset.vectors,
        residency: { regions: [], attested: preset.requires.includes("attestedRegion") },
      },
    );
    const decided = { redact, block, periods, history, memory, vectors, modelLocality };
    expect(preset).toMatchObject(decided);
    expect([training, residency.attested]).toEqual([false, preset.requires.includes("attestedRegion")]);
  });

  it("requires the more of a deployment, the more its users depend on encryption", () => {
    const required = { mandatory: 5, recommended: 3, standard: 2 }[preset.endToEndEncryption];
    expect(preset.requires).toHaveLength(required);
  });

  it("lets health records in only where every guarantee is required", () => {
    const isWeaker = preset.requires.length < 5;
    expect(preset.block.includes("MEDICAL_RECORD_NUMBER")).toBe(isWeaker);
  });

  it("gives a model no other conversation where encryption is more than standard", () => {
    expect(preset.memory).toBe(preset.endToEndEncryption === "standard");
  });

  it("keeps each class no longer than a policy may, and forgets a conversation before its proof of erasure", () => {
    const { flow, vector, log, audit } = preset.periods;
    expect(flow.periodMs).toBeLessThanOrEqual(7 * DAY_MS);
    expect(vector.periodMs).toBeLessThanOrEqual(60 * DAY_MS);
    expect(audit.periodMs).toBeGreaterThan(log.periodMs);
  });
});

describe("the presets", () => {
  it.each<[PresetName, string]>([
    ["healthcare", "mandatory"],
    ["finance", "mandatory"],
    ["legal", "mandatory"],
    ["cybersecurity", "recommended"],
    ["standard", "standard"],
  ])("say of %s that end-to-end encryption is %s", (name, need) => {
    expect(presets[name].endToEndEncryption).toBe(need);
  });

  it("keep the keys of legal with the tenant alone", () => {
    const withByok = presetNames.filter((name) => presets[name].custodies.includes("byok"));
    expect(withByok).toEqual(["healthcare", "finance", "cybersecurity", "standard"]);
  });

  it("require in each step of sensitivity all that the step below requires", () => {
    const [standard, cybersecurity, finance] = [presets.standard, presets.cybersecurity, presets.finance];
    expect(cybersecurity.requires).toEqual(expect.arrayContaining([...standard.requires]));
    expect(finance.requires).toEqual(expect.arrayContaining([...cybersecurity.requires]));
  });
});
