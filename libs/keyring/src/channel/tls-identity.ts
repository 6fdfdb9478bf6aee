import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

/** One process's side of TLS: a key made at its start, never written down, and a certificate that nobody has to trust. */
export interface TlsIdentity {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** See `tlsKeyHash`. */
  readonly keyHash: Uint8Array;
}

/** RFC 8410 section 3. */
const ED25519 = "1.3.101.112";
const COMMON_NAME = "2.5.4.3";
/** RFC 5280 section 4.1.2.5: no end that means anything; the key ends with its process. */
const NO_END = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));

/**
 * A new Ed25519 key with its self-signed certificate. TLS wants one; who the key belongs to is said by the session, where
 * the key that evidence binds signs the hash of this one (docs/adr/0023).
 */
export function createTlsIdentity(): TlsIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const certificate = new X509Certificate(selfSigned(publicKey, privateKey));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: certificate.toString(),
    keyHash: tlsKeyHash(certificate),
  };
}

/** SHA-256 of a certificate's SubjectPublicKeyInfo (DER), 32 bytes. */
export function tlsKeyHash(certificate: X509Certificate): Uint8Array {
  const info = certificate.publicKey.export({ type: "spki", format: "der" });
  return new Uint8Array(createHash("sha256").update(info).digest());
}

function selfSigned(publicKey: KeyObject, privateKey: KeyObject): Buffer {
  const signature = new AlgorithmIdentifier({ algorithm: ED25519 });
  const value = new AttributeValue({ utf8String: "cloister" });
  const name = new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
  const serialNumber = randomBytes(16);
  // Positive, and of one length (RFC 5280 section 4.1.2.2).
  serialNumber[0] = 0x40 | ((serialNumber[0] ?? 0) & 0x3f);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: new Uint8Array(serialNumber).buffer,
    signature,
    issuer: name,
    validity: new Validity({ notBefore: new Date(0), notAfter: NO_END }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ type: "spki", format: "der" }), SubjectPublicKeyInfo),
  });
  const signed = sign(null, Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey);
  const signatureValue = new Uint8Array(signed).buffer;
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue });
  return Buffer.from(AsnConvert.serialize(certificate));
}
