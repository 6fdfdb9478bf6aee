/** X.509 as evidence needs it: strict, bounded, without network; keys and signatures by WebCrypto. */
export type { KeyAlgorithm, SignatureAlgorithm } from "./algorithms.ts";
export { parseCertificate, type Certificate, type SignedDer } from "./certificate.ts";
export { commonNameOf } from "./common-name.ts";
export {
  contextTag,
  derBitStringBytes,
  derBoolean,
  type DerElement,
  derObjectIdentifier,
  DerReader,
  derSmallInteger,
  derTag,
  derTimeMs,
  derUnsigned,
  readOneDer,
} from "./der.ts";
export { allowsKeyUsage, basicConstraintsOf, type Extension, type Extensions } from "./extensions.ts";
export { faultOfPath, invalidAt, type FaultyCertificate, type PathFault, type ValidityFault } from "./path.ts";
export { certificatesFromPem } from "./pem.ts";
export { isListOf, parseRevocationList, type RevocationList } from "./revocation-list.ts";
export { ecdsaKeyFromPoint, isEcdsaSignature, isSignedByKeyOf, publicKeyOf, type ImportedKey } from "./signature.ts";
export { VerifiedPaths } from "./verified-paths.ts";
