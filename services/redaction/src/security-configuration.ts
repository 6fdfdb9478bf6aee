/** What a deployment chooses that decides whether a message may be opened here. */
export interface RedactionChoices {
  /** The region that its operator states. */
  readonly region?: string;
  /** SHA-256 of the files of the names model that was brought, in hexadecimal digits. */
  readonly namesModelDigestHex?: string;
}

/**
 * The settings whose digest the evidence states and a policy allows: an instance that states another region, or reads
 * with another names model, is another.
 */
export function securityConfiguration({ region, namesModelDigestHex }: RedactionChoices = {}): Readonly<
  Record<string, unknown>
> {
  return {
    role: "redaction",
    ...(region !== undefined && { region }),
    ...(namesModelDigestHex !== undefined && { namesModel: namesModelDigestHex }),
  };
}
