import { createHash } from "node:crypto";
import tls from "node:tls";
import { KmsError } from "../kms/kms-errors.ts";

/**
 * SHA-256, in hexadecimal digits, over the certificates of the authorities that TLS believes in this process beside
 * Node's own, as NODE_EXTRA_CA_CERTS or a switch of Node's added them; undefined without any. Those that were loaded
 * count, whatever their file says by now.
 * @throws KmsError KMS_CONFIG_INVALID on a Node that doesn't tell (before 22.15)
 */
export function addedAuthoritiesDigest(): string | undefined {
  // Typed as always there, which it isn't in older releases that this package runs on.
  const { getCACertificates } = tls as Partial<typeof tls>;
  if (getCACertificates === undefined) {
    const sentence = "This Node doesn't say which authorities it believes: an external KMS needs 22.15 or newer.";
    throw new KmsError("KMS_CONFIG_INVALID", sentence);
  }
  const own = new Set(getCACertificates("bundled").map(withoutBreaks));
  const believed = getCACertificates("default").map(withoutBreaks);
  const added = believed.filter((certificate) => !own.has(certificate));
  if (added.length === 0) return undefined;
  return createHash("sha256").update(added.toSorted().join("\n")).digest("hex");
}

/** Node's own have lines of another length than those that it loaded. */
const withoutBreaks = (pem: string): string => pem.replace(/\s/gu, "");
