import { bytesToHex } from "@noble/hashes/utils.js";
import { type KeyAlgorithm, readKeyAlgorithm, readSignatureAlgorithm, type SignatureAlgorithm } from "./algorithms.ts";
import {
  type DerElement,
  DerReader,
  contextTag,
  derBitStringBytes,
  derMalformed,
  derTag,
  derTimeMs,
  derUnsigned,
  readOneDer,
} from "./der.ts";
import { type Extensions, readExtensions } from "./extensions.ts";
import { equalBytes } from "@noble/curves/utils.js";

/** Signed data of X.509: a certificate or a list of revoked ones. */
export interface SignedDer {
  /** The bytes that the signature covers, with their tag and length. */
  readonly toBeSigned: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** As the certificate carries it: ECDSA as DER, RSA as bytes. */
  readonly signature: Uint8Array;
}

/** What a verifier of evidence reads of a version 3 certificate (RFC 5280). Names are compared as bytes. */
export interface Certificate extends SignedDer {
  readonly der: Uint8Array;
  /** Lower case, without sign byte. */
  readonly serialNumberHex: string;
  /** DER of the Name. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly keyAlgorithm: KeyAlgorithm;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly extensions: Extensions;
}

const MAX_CERTIFICATE_BYTES = 16 * 1024;
const VERSION_3 = 2;

/**
 * Parses one certificate; its signature is checked by `verifyPath`.
 * @throws AttestationError EVIDENCE_MALFORMED if it is above 16 KiB, no strict DER, not version 3, has bytes after its
 * end, or uses algorithms that no vendor uses (known: ECDSA P-256 and P-384, RSA-PSS with SHA-384).
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) throw derMalformed("more than 16 KiB");
  const { signed, fields } = readSigned(der);
  checkVersion(fields);
  const serialNumberHex = bytesToHex(derUnsigned(fields.next(derTag.integer)));
  checkInnerAlgorithm(fields, signed.algorithm);
  const issuer = fields.next(derTag.sequence).encoded;
  const validity = fields.enter(derTag.sequence);
  const notBeforeMs = derTimeMs(validity.next());
  const notAfterMs = derTimeMs(validity.next());
  validity.end();
  const subject = fields.next(derTag.sequence).encoded;
  const publicKeyInfo = fields.next(derTag.sequence);
  const extensions = readExtensions(fields.optional(contextTag(3)));
  fields.end();
  return {
    der,
    ...signed.data,
    serialNumberHex,
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    keyAlgorithm: readKeyAlgorithm(publicKeyInfo),
    publicKeyInfo: publicKeyInfo.encoded,
    extensions,
  };
}

/** The outer sequence that certificates and revocation lists share, and a reader of what is signed. */
export function readSigned(der: Uint8Array): {
  readonly signed: { readonly data: SignedDer; readonly algorithm: DerElement };
  readonly fields: DerReader;
} {
  const outer = new DerReader(readOneDer(der, derTag.sequence).content);
  const toBeSigned = outer.next(derTag.sequence);
  const algorithm = outer.next(derTag.sequence);
  const signature = derBitStringBytes(outer.next(derTag.bitString));
  outer.end();
  const data = { toBeSigned: toBeSigned.encoded, signatureAlgorithm: readSignatureAlgorithm(algorithm), signature };
  return { signed: { data, algorithm }, fields: new DerReader(toBeSigned.content) };
}

/** The algorithm beside the signature isn't signed: it must be the one that is (RFC 5280 4.1.1.2). */
export function checkInnerAlgorithm(fields: DerReader, outer: DerElement): void {
  if (!equalBytes(fields.next(derTag.sequence).encoded, outer.encoded)) throw derMalformed("two signature algorithms");
}

function checkVersion(fields: DerReader): void {
  const version = fields.enter(contextTag(0)).next(derTag.integer).content;
  if (version.length !== 1 || version[0] !== VERSION_3) throw derMalformed("another version than 3");
}
