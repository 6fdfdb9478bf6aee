import { presets, type Policy } from "@cloister/policy";
import type { Finding } from "../doctor/finding.ts";

/**
 * Whether the tenant wants witnesses of the key database, and what follows from this version's asking none.
 * @param policy undefined where only a key was named
 */
export function witnessFinding(policy: Policy | undefined): Omit<Finding, "check"> {
  const { requires, follows } = wishOf(policy);
  const isRefused = policy !== undefined && requires && !policy.development;
  return {
    result: isRefused ? "failed" : "warning",
    ...(isRefused && { code: "DEVELOPMENT_POLICY_REQUIRED" }),
    detail: [
      "This version asks no witness: that the database of keys was not set back is not excluded, and receipts say so.",
      ...follows,
    ].join(" "),
    remedy: isRefused
      ? "keys refuses this policy: mark it development, or choose a preset that requires no witnesses."
      : "Nothing to set here. Keep old copies of the database of keys for as short a time as you can bear.",
  };
}

function wishOf(policy: Policy | undefined): { readonly requires: boolean; readonly follows: readonly string[] } {
  if (policy === undefined) return { requires: false, follows: ["Whether the policy requires any: give --policy."] };
  const requires = presets[policy.preset].requires.includes("witnesses");
  const named = policy.witnesses.map(({ name }) => name).join(", ");
  const names = named === "" ? [] : [`It names ${named}, whom nobody asks yet.`];
  if (!requires) return { requires, follows: [`The policy (${policy.preset}) requires none.`, ...names] };
  const follows = [`The policy requires witnesses, as each of preset ${policy.preset} does.`, ...names];
  return { requires, follows: policy.development ? [...follows, "Marked development, it does without."] : follows };
}
