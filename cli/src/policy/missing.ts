import { embeddedCapabilities, missingGuarantees, type Policy } from "@cloister/policy";

/**
 * What a `development` policy does without, as sentences. One for production does without nothing: `keys` refuses it where
 * the deployment doesn't give what it requires.
 */
export function missingUnder(policy: Policy): readonly string[] {
  return policy.development ? missingGuarantees(policy, embeddedCapabilities) : [];
}
