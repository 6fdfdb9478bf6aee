import { describe, expect, it } from "@jest/globals";
import { entityTypes, isEntityType } from "@cloister/pii";
import { presetNames, presets } from "@cloister/policy";

/** Kinds that a preset leaves in the text on purpose: a tenant's policy may ask for them. */
const leftToTenants = ["ORGANIZATION", "DATE_TIME", "AGE"];

// libs/policy names the kinds by itself, since the detectors would weigh down the SDK that imports it.
describe.each(presetNames)("the preset %s", (name) => {
  it("asks for nothing that no detector finds", () => {
    const { redact, block } = presets[name];
    expect([...redact, ...block].filter((type) => !isEntityType(type))).toEqual([]);
  });

  it("asks for every kind that a detector finds, but those left to tenants", () => {
    const missing = entityTypes.filter((type) => !presets[name].redact.includes(type) && !leftToTenants.includes(type));
    expect(missing).toEqual([]);
  });
});
