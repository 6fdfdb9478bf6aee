/** What a deployment chooses that decides whether a message may be opened here. */
export interface RedactionChoices {
  /** The region that its operator states. */
  readonly region?: string;
}

/** The settings whose digest the evidence states and a policy allows: an instance that states another region is another. */
export function securityConfiguration({ region }: RedactionChoices = {}): Readonly<Record<string, unknown>> {
  return { role: "redaction", ...(region !== undefined && { region }) };
}
