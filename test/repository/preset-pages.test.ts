import { describe, expect, it } from "@jest/globals";
import { definePolicy, policyFieldNames, presetNames, presets, topicFinder, type PresetName } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { presetPages } from "../../scripts/docs/preset-pages.ts";
import { presetProse } from "../../scripts/docs/preset-prose.ts";

const { policy } = new SimulatedTenant(Date.UTC(2026, 10, 22));
const pageOf = (name: PresetName): string => presetPages()[`docs/policies/${name}.md`] ?? "";

describe.each(presetNames)("the page of %s", (name) => {
  const { topic, refused, answered } = presetProse[name];

  it("shows a boundary that a policy may have, and that does what the page says of it", () => {
    const find = topicFinder(definePolicy("standard", { ...policy, forbiddenTopics: [topic] }).forbiddenTopics);
    expect([find(refused)?.name, find(answered)]).toEqual([topic.name, undefined]);
  });

  it("names each guarantee that the preset requires, and every kind that it blocks", () => {
    const missing = [...presets[name].requires, ...presets[name].block].filter((one) => !pageOf(name).includes(one));
    expect(missing).toEqual([]);
  });

  it("speaks of no field that a policy doesn't have", () => {
    const named = [...pageOf(name).matchAll(/`([a-z][A-Za-z]+)`/gu)].map(([, field]) => field ?? "");
    const known = new Set<string>([
      ...policyFieldNames,
      ...Object.keys(presets[name].periods),
      ...presets[name].requires,
    ]);
    const others = new Set(["development", "minimumDays"]);
    expect(named.filter((field) => !known.has(field) && !others.has(field))).toEqual([]);
  });
});
