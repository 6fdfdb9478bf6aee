import { checkedPolicy, type Policy, type PresetName } from "./policy.ts";
import { presets } from "./presets.ts";

/** What a preset can't decide for a tenant. */
export type PolicyChoices = Pick<
  Policy,
  "version" | "tenantId" | "roots" | "notBeforeMs" | "expiresAtMs" | "measurements" | "admissionIssuers" | "kms"
> &
  Partial<Omit<Policy, "preset" | "training">>;

/**
 * A policy of a preset with the tenant's choices over it. Without them: no recipients, delegates, witnesses or regions,
 * and not `development`.
 * @throws PolicyError POLICY_MALFORMED if the result breaks a limit, or lacks what its preset requires (witnesses,
 * regions, sealed vectors) without being marked `development`.
 */
export function definePolicy(name: PresetName, choices: PolicyChoices): Policy {
  const preset = presets[name];
  const requiresRegion = preset.requires.includes("attestedRegion");
  return checkedPolicy({
    development: false,
    periods: preset.periods,
    history: preset.history,
    memory: preset.memory,
    redact: [...preset.redact],
    block: [...preset.block],
    forbiddenTopics: [],
    simulatedRoots: [],
    recipients: [],
    delegates: [],
    residency: { regions: [], attested: requiresRegion },
    witnesses: [],
    vectors: preset.vectors,
    modelLocality: preset.modelLocality,
    ...choices,
    preset: name,
    training: false,
  });
}
