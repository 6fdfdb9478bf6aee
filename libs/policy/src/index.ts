export {
  requireSeenRoots,
  verifyAuthorityChain,
  verifyRoots,
  type ChainToVerify,
  type VerifiedChain,
} from "./authority-chain.ts";
export { DAY_MS, HOUR_MS, bucketEndMs, bucketWidthMs, inboundWindow, type InboundWindow } from "./buckets.ts";
export { checkMessage, type MessageContext, type MessageHeader } from "./check-message.ts";
export { definePolicy, type PolicyChoices } from "./define-policy.ts";
export { noteSigner, signerFromSeed, verifyEd25519, type NoteSigner } from "./ed25519.ts";
export { PolicyError, policyErrors, type PolicyErrorCode } from "./errors.ts";
export type { ConversationKind } from "./fields.ts";
export { embeddedCapabilities, missingFromDeployment, missingGuarantees, type Capabilities } from "./guarantees.ts";
export { clientKeysHash, type ClientKeys } from "./client-keys.ts";
export { verifyInstanceEvidence, type InstanceExpectations, type VerifiedInstance } from "./instance-evidence.ts";
export { openIssued, type FormerIssuer, type IssuerKeys } from "./issuer-keys.ts";
export { noteKeyName, type NoteOffice } from "./key-names.ts";
export {
  MAX_NOTE_BYTES,
  noteKeyId,
  openNote,
  signNote,
  unverifiedNoteText,
  type NamedSigner,
  type NoteVerifier,
  type OpenedNote,
} from "./notes.ts";
export {
  policyFieldNames,
  policyFromJson,
  policyToJson,
  presetNames,
  readUnverifiedPolicy,
  type Policy,
  type PresetName,
} from "./policy.ts";
export { guarantees, presets, type Guarantee, type Preset } from "./presets.ts";
export {
  accessOf,
  classOfPurpose,
  purposeFromWire,
  purposeToWire,
  purposes,
  purposesOfRole,
  retentionClasses,
  type Access,
  type Purpose,
  type RetentionClass,
  type ServiceRole,
} from "./purposes.ts";
export {
  evictionSigningBytes,
  openConversationSigningBytes,
  releaseKeysSigningBytes,
  releasedKeysAad,
  releasedKeysInfo,
  releasedKeysSigningBytes,
  renewConversationSigningBytes,
  sessionChannelSigningBytes,
  watchRevocationsSigningBytes,
  type ReleaseKeysFields,
  type SessionChannel,
} from "./request-signing.ts";
export {
  openStatement,
  signStatement,
  statementFormat,
  type OpenedStatement,
  type StatementFormat,
} from "./statement.ts";
export { signAdmission, verifyAdmission, type Admission, type AdmissionExpectations } from "./statements/admission.ts";
export {
  signConversationStatement,
  verifyConversationStatement,
  type ConversationExpectations,
  type ConversationStatement,
  type StatementChain,
} from "./statements/conversation-statement.ts";
export {
  signInstanceCertificate,
  verifyInstanceCertificate,
  type CertificateExpectations,
  type InstanceCertificate,
  type IssuerInForce,
} from "./statements/instance-certificate.ts";
export { MAX_FORMER_ISSUERS, signIssuerNote, verifyIssuerNote, type IssuerNote } from "./statements/issuer-note.ts";
export { signKekDestruction, verifyKekDestruction, type KekDestruction } from "./statements/kek-destruction.ts";
export {
  kmsCredentialAad,
  kmsCredentialCommitment,
  kmsCredentialInfo,
  signKmsUnlock,
  verifyKmsUnlock,
  type KmsUnlock,
  type KmsUnlockExpectations,
} from "./statements/kms-unlock.ts";
export {
  MAX_MANIFEST_BYTES,
  MAX_MANIFEST_LIFE_MS,
  MAX_MANIFESTS,
  manifestFromJson,
  manifestToJson,
  openReleaseManifest,
  readUnverifiedManifest,
  signReleaseManifest,
  type ReleaseManifest,
} from "./statements/release-manifest.ts";
export {
  releasedMeasurements,
  releaseName,
  requireAllowedProgram,
  type Release,
  type Released,
} from "./release-signers.ts";
export { signRootRotation, verifyRootRotation, type RootRotation } from "./statements/root-rotation.ts";
export {
  policyHashOf,
  readPinnedPolicy,
  signPolicy,
  verifyPolicy,
  type PolicyExpectations,
  type VerifiedPolicy,
} from "./statements/tenant-policy.ts";
export type { RedactionRules } from "./redaction-rules.ts";
export { topicFinder, type TopicFinder } from "./topic-finder.ts";
export type { ForbiddenTopic } from "./topic-phrases.ts";
export type { AuthorityChainFields, FieldsOf, InstanceEvidenceFields } from "./wire.ts";
