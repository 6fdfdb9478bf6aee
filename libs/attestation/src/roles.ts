/** The services that prove what code they run. The strings stand in evidence, certificates and policies. */
export const attestedRoles = ["keys", "redaction", "enclave-inference", "embedding"] as const;

export type AttestedRole = (typeof attestedRoles)[number];

export function isAttestedRole(value: string): value is AttestedRole {
  return attestedRoles.some((role) => role === value);
}
