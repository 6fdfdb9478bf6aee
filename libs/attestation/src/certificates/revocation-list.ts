import { equalBytes } from "@noble/curves/utils.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Certificate, checkInnerAlgorithm, readSigned, type SignedDer } from "./certificate.ts";
import { contextTag, derMalformed, DerReader, derSmallInteger, derTag, derTimeMs, derUnsigned } from "./der.ts";
import { allowsKeyUsage, type Extensions, readExtensions } from "./extensions.ts";
import { isSignedByKeyOf } from "./signature.ts";

/** A certificate revocation list of version 2 (RFC 5280 5). Whose it is, `isListOf` says. */
export interface RevocationList extends SignedDer {
  /** DER of the Name. */
  readonly issuer: Uint8Array;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** As `Certificate.serialNumberHex`. */
  readonly revokedSerialsHex: ReadonlySet<string>;
  readonly extensions: Extensions;
}

const MAX_LIST_BYTES = 1024 * 1024;
const VERSION_2 = 1;

/**
 * @throws AttestationError EVIDENCE_MALFORMED if it is above 1 MiB, no strict DER, not version 2 or without a date of
 * the next update.
 */
export function parseRevocationList(der: Uint8Array): RevocationList {
  if (der.length > MAX_LIST_BYTES) throw derMalformed("a revocation list of more than 1 MiB");
  const { signed, fields } = readSigned(der);
  if (derSmallInteger(fields.next(derTag.integer)) !== VERSION_2)
    throw derMalformed("a list of another version than 2");
  checkInnerAlgorithm(fields, signed.algorithm);
  const issuer = fields.next(derTag.sequence).encoded;
  const thisUpdateMs = derTimeMs(fields.next());
  const nextUpdateMs = derTimeMs(fields.next());
  const entries = fields.optional(derTag.sequence);
  const extensions = readExtensions(fields.optional(contextTag(0)));
  fields.end();
  const revokedSerialsHex = entries ? readSerials(new DerReader(entries.content)) : new Set<string>();
  return { ...signed.data, issuer, thisUpdateMs, nextUpdateMs, revokedSerialsHex, extensions };
}

/**
 * Whether the list is the issuer's: in its name, by its key, which may sign lists, and about all that it issued: no
 * critical extension narrows that down.
 * @throws AttestationError EVIDENCE_MALFORMED if the issuer's key usage is not in its format.
 */
export async function isListOf(issuer: Certificate, list: RevocationList): Promise<boolean> {
  return (
    equalBytes(list.issuer, issuer.subject) &&
    allowsKeyUsage(issuer.extensions, "crlSign") &&
    ![...list.extensions.values()].some(({ isCritical }) => isCritical) &&
    (await isSignedByKeyOf(issuer, list))
  );
}

/** Every entry counts, whatever its date and reason: a key that will be revoked is not trusted either. */
function readSerials(entries: DerReader): ReadonlySet<string> {
  const serials = new Set<string>();
  while (!entries.isAtEnd) {
    serials.add(bytesToHex(derUnsigned(entries.enter(derTag.sequence).next(derTag.integer))));
  }
  return serials;
}
