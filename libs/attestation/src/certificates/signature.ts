import type { KeyAlgorithm, SignatureAlgorithm } from "./algorithms.ts";
import type { Certificate, SignedDer } from "./certificate.ts";
import { DerReader, derTag, derUnsigned, readOneDer } from "./der.ts";
import { AttestationError } from "../errors.ts";

/** A public key as WebCrypto holds it. */
export type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export interface EcdsaScheme {
  readonly curve: "P-256" | "P-384";
  readonly hash: "SHA-256" | "SHA-384";
}

const PSS = { name: "RSA-PSS", saltLength: 48 } as const;
const schemeOf: Readonly<Record<"ecdsa-sha256" | "ecdsa-sha384", EcdsaScheme["hash"]>> = {
  "ecdsa-sha256": "SHA-256",
  "ecdsa-sha384": "SHA-384",
};
const curveOf = { p256: "P-256", p384: "P-384" } as const;
const scalarBytes = { p256: 32, p384: 48 } as const;

/** Importing a key costs as much as using it; a certificate's lives as long as the certificate that was parsed. */
const keys = new WeakMap<Certificate, Promise<ImportedKey | undefined>>();

/** The certificate's key, imported once; undefined if WebCrypto refuses it, as a point off its curve. */
export async function publicKeyOf(certificate: Certificate): Promise<ImportedKey | undefined> {
  const known = keys.get(certificate);
  if (known) return known;
  const key = importKey(certificate);
  keys.set(certificate, key);
  return key;
}

async function importKey({ keyAlgorithm, publicKeyInfo }: Certificate): Promise<ImportedKey | undefined> {
  const algorithm =
    keyAlgorithm === "rsa" ? { name: PSS.name, hash: "SHA-384" } : { name: "ECDSA", namedCurve: curveOf[keyAlgorithm] };
  try {
    return await crypto.subtle.importKey("spki", publicKeyInfo.slice(), algorithm, false, ["verify"]);
  } catch {
    return undefined;
  }
}

/** Whether the certificate's key made the signature of another certificate or of a revocation list. */
export async function isSignedByKeyOf(issuer: Certificate, signed: SignedDer): Promise<boolean> {
  if (!suits(signed.signatureAlgorithm, issuer.keyAlgorithm)) return false;
  const key = await publicKeyOf(issuer);
  if (!key) return false;
  const data = signed.toBeSigned.slice();
  if (signed.signatureAlgorithm === "rsa-pss-sha384") {
    return crypto.subtle.verify(PSS, key, signed.signature.slice(), data);
  }
  if (issuer.keyAlgorithm === "rsa") return false;
  const signature = rawEcdsa(signed.signature, scalarBytes[issuer.keyAlgorithm]);
  if (!signature) return false;
  return crypto.subtle.verify({ name: "ECDSA", hash: schemeOf[signed.signatureAlgorithm] }, key, signature, data);
}

function suits(signature: SignatureAlgorithm, key: KeyAlgorithm): boolean {
  return (signature === "rsa-pss-sha384") === (key === "rsa");
}

/** The two numbers of an ECDSA signature in DER (RFC 3279 2.2.3), r ‖ s; undefined if it isn't one. */
function rawEcdsa(der: Uint8Array, length: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const fields = new DerReader(readOneDer(der, derTag.sequence).content);
    const r = derUnsigned(fields.next(derTag.integer));
    const s = derUnsigned(fields.next(derTag.integer));
    fields.end();
    if (r.length > length || s.length > length) return undefined;
    const raw = new Uint8Array(2 * length);
    raw.set(r, length - r.length);
    raw.set(s, 2 * length - s.length);
    return raw;
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}

/**
 * A key from the bytes of its uncompressed point without the leading 04: x ‖ y, 64 or 96 bytes; undefined if it is none.
 */
export async function ecdsaKeyFromPoint(
  curve: EcdsaScheme["curve"],
  point: Uint8Array,
): Promise<ImportedKey | undefined> {
  try {
    return await crypto.subtle.importKey(
      "raw",
      Uint8Array.of(4, ...point),
      { name: "ECDSA", namedCurve: curve },
      false,
      ["verify"],
    );
  } catch {
    return undefined;
  }
}

/** Whether `key` signed `data` by ECDSA; `signature` is r ‖ s, big-endian, as reports, quotes and COSE carry it. */
export async function isEcdsaSignature(
  key: ImportedKey,
  hash: EcdsaScheme["hash"],
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return crypto.subtle.verify({ name: "ECDSA", hash }, key, signature.slice(), data.slice());
}
