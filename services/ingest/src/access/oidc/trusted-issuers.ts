import { z } from "zod";

import { scopes } from "../scopes.ts";

const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"];

/** One issuer's tokens for one audience let one tenant's people and programs in. */
const trustedIssuer = z.strictObject({
  /** As it stands in `iss`, to the letter: https, no query, no fragment. */
  issuer: z
    .url({ protocol: /^https?$/u })
    .refine((url) => !/[?#]/u.test(url), "an issuer has no query and no fragment"),
  /** What `aud` has to name. */
  audience: z.string().min(1),
  tenantIdHex: z.string().regex(/^[0-9a-f]{32}$/u, "not 32 lower-case hexadecimal digits"),
  /** Path of the claim that grants: a list of strings, or one string with spaces. */
  scopesClaim: z.array(z.string().min(1)).min(1).max(4).default(["scope"]),
  /** What each value of that claim gives. Without it the values are scopes themselves. */
  scopesOf: z.record(z.string(), z.array(z.enum(scopes))).optional(),
  /** Allows http on loopback. */
  development: z.boolean().default(false),
});

export type TrustedIssuer = z.output<typeof trustedIssuer>;

const trustedIssuers = z
  .array(trustedIssuer)
  .max(1_000)
  .refine((all) => all.every(isReachedSafely), "an issuer is https, or http on loopback with development: true")
  .refine((all) => new Set(all.map(pairOf)).size === all.length, "each pair of issuer and audience stands once");

/** The list as it stands in an environment variable: JSON. */
export const trustedIssuersText = z.string().transform((text, context): readonly TrustedIssuer[] => {
  const parsed = trustedIssuers.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    context.addIssue({ code: "custom", message: path.length === 0 ? message : `${path.join(".")}: ${message}` });
  }
  return z.NEVER;
});

/** True for https, and for http that stays on this machine where that was asked for. */
export function isSafeUrl(url: string, allowLoopback: boolean): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && allowLoopback && loopbackHosts.includes(hostname));
}

const isReachedSafely = ({ issuer, development }: TrustedIssuer): boolean => isSafeUrl(issuer, development);
const pairOf = ({ issuer, audience }: TrustedIssuer): string => JSON.stringify([issuer, audience]);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
