import {
  type DerElement,
  DerReader,
  contextTag,
  derMalformed,
  derObjectIdentifier,
  derSmallInteger,
  derTag,
} from "./der.ts";

/** The signature algorithms that vendors of TEEs sign certificates with. */
export type SignatureAlgorithm = "ecdsa-sha256" | "ecdsa-sha384" | "rsa-pss-sha384";

export type KeyAlgorithm = "p256" | "p384" | "rsa";

const oids = {
  ecPublicKey: "1.2.840.10045.2.1",
  p256: "1.2.840.10045.3.1.7",
  p384: "1.3.132.0.34",
  rsaEncryption: "1.2.840.113549.1.1.1",
  ecdsaSha256: "1.2.840.10045.4.3.2",
  ecdsaSha384: "1.2.840.10045.4.3.3",
  rsaPss: "1.2.840.113549.1.1.10",
  mgf1: "1.2.840.113549.1.1.8",
  sha384: "2.16.840.1.101.3.4.2.2",
} as const;

const SHA384_BYTES = 48;

/**
 * An AlgorithmIdentifier of a signature.
 * @throws AttestationError EVIDENCE_MALFORMED for every other algorithm or parameter.
 */
export function readSignatureAlgorithm(element: DerElement): SignatureAlgorithm {
  const fields = new DerReader(element.content);
  const oid = derObjectIdentifier(fields.next(derTag.objectIdentifier));
  switch (oid) {
    case oids.ecdsaSha256:
      fields.end();
      return "ecdsa-sha256";
    case oids.ecdsaSha384:
      fields.end();
      return "ecdsa-sha384";
    case oids.rsaPss:
      checkPssParameters(fields.enter(derTag.sequence));
      fields.end();
      return "rsa-pss-sha384";
    default:
      throw derMalformed("a signature algorithm that no vendor uses");
  }
}

/** RSASSA-PSS-params of RFC 4055 3.1: SHA-384, MGF1 with SHA-384, a salt of 48 bytes, trailer 1 if written. */
function checkPssParameters(parameters: DerReader): void {
  checkSha384(parameters.enter(contextTag(0)));
  const mask = parameters.enter(contextTag(1)).enter(derTag.sequence);
  if (derObjectIdentifier(mask.next(derTag.objectIdentifier)) !== oids.mgf1)
    throw derMalformed("another mask function");
  checkSha384(mask);
  if (derSmallInteger(parameters.enter(contextTag(2)).next(derTag.integer)) !== SHA384_BYTES) {
    throw derMalformed("a salt of another length");
  }
  const trailer = parameters.optional(contextTag(3));
  if (trailer && derSmallInteger(new DerReader(trailer.content).next(derTag.integer)) !== 1) {
    throw derMalformed("another trailer");
  }
  parameters.end();
}

function checkSha384(holder: DerReader): void {
  const hash = holder.enter(derTag.sequence);
  if (derObjectIdentifier(hash.next(derTag.objectIdentifier)) !== oids.sha384) throw derMalformed("another hash");
  hash.optional(derTag.null);
  hash.end();
  holder.end();
}

/** The key of a SubjectPublicKeyInfo. @throws AttestationError EVIDENCE_MALFORMED for every other kind. */
export function readKeyAlgorithm(subjectPublicKeyInfo: DerElement): KeyAlgorithm {
  const algorithm = new DerReader(subjectPublicKeyInfo.content).enter(derTag.sequence);
  const oid = derObjectIdentifier(algorithm.next(derTag.objectIdentifier));
  if (oid === oids.rsaEncryption) return "rsa";
  if (oid !== oids.ecPublicKey) throw derMalformed("a key that no vendor uses");
  const curve = derObjectIdentifier(algorithm.next(derTag.objectIdentifier));
  if (curve === oids.p256) return "p256";
  if (curve === oids.p384) return "p384";
  throw derMalformed("a curve that no vendor uses");
}
