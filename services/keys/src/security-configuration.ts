/** The settings whose digest the evidence states and a policy allows. There is none here that a policy could loosen. */
export function securityConfiguration(): Readonly<Record<string, unknown>> {
  return { role: "keys" };
}
