import { namesHardware } from "./hardware.ts";
import type { Policy } from "./policy.ts";
import { guarantees, presets, type Guarantee } from "./presets.ts";

/** What this deployment can prove, stated by its composition root. */
export type Capabilities = Readonly<Record<Exclude<Guarantee, "sealedVectors">, boolean>>;

/** The embedded default: simulated evidence, a key file, no witnesses. */
export const embeddedCapabilities: Capabilities = {
  hardwareEvidence: false,
  attestedRegion: false,
  witnesses: false,
  externalKms: false,
};

const everyCapability: Capabilities = {
  hardwareEvidence: true,
  attestedRegion: true,
  witnesses: true,
  externalKms: true,
};

const sentences: Readonly<Record<Guarantee, string>> = {
  hardwareEvidence: "No hardware proves what code runs: evidence is simulated, and whoever runs this machine can read.",
  attestedRegion: "The region is not proved by hardware.",
  witnesses: "No witness cosigns the transparency log: a rollback of the key database is not excluded.",
  externalKms: "Keys are wrapped by a file on this machine, not by a KMS of the tenant.",
  sealedVectors: "Vectors are not sealed: their geometry shows likeness of texts and outlives destroyed keys.",
};

/**
 * What the policy's preset requires and this deployment doesn't give, as sentences to show on every screen.
 * Empty means that nothing is missing. Anything missing may run under a `development` policy only.
 */
export function missingGuarantees(policy: Policy, capabilities: Capabilities): readonly string[] {
  return presets[policy.preset].requires
    .filter((guarantee) => !isGiven(guarantee, policy, capabilities))
    .map((guarantee) => sentences[guarantee]);
}

/** What this deployment can give to no policy, as sentences; to show where no tenant's policy is at hand. */
export function missingFromDeployment(capabilities: Capabilities): readonly string[] {
  return guarantees
    .filter((guarantee) => guarantee !== "sealedVectors" && !capabilities[guarantee])
    .map((guarantee) => sentences[guarantee]);
}

/** True if the policy names all that its preset requires, so that a capable deployment can give it. */
export function statesItsGuarantees(policy: Policy): boolean {
  const allowsCustody = presets[policy.preset].custodies.includes(policy.kms.custody);
  return allowsCustody && missingGuarantees(policy, everyCapability).length === 0;
}

/** A choice of the tenant's own, so that even a `development` policy can't do without. */
export function allowsItsVectors(policy: Pick<Policy, "preset" | "vectors">): boolean {
  return policy.vectors !== "protected" || !presets[policy.preset].requires.includes("sealedVectors");
}

function isGiven(guarantee: Guarantee, policy: Policy, capabilities: Capabilities): boolean {
  switch (guarantee) {
    case "sealedVectors":
      return policy.vectors !== "protected";
    case "witnesses":
      return capabilities.witnesses && policy.witnesses.length > 0;
    case "attestedRegion":
      return capabilities.attestedRegion && policy.residency.attested && policy.residency.regions.length > 0;
    case "externalKms":
      return capabilities.externalKms && policy.kms.provider !== "local";
    case "hardwareEvidence":
      return capabilities.hardwareEvidence && policy.simulatedRoots.length === 0 && namesHardware(policy);
  }
}
