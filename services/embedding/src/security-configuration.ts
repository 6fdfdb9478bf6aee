/** The settings whose digest the evidence states and a policy allows. Embedding has none that a policy could loosen. */
export function securityConfiguration(): Readonly<Record<string, unknown>> {
  return { role: "embedding" };
}
