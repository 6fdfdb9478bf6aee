export { openKms, openWithCredential, type OpenKmsOptions } from "../adapters/open-kms.ts";
export { credentialTrust } from "./credential-trust.ts";
export { examineKek, type KekFinding } from "./examine-kek.ts";
export { parseKmsCredential, requireKindFor, type KmsCredential } from "./kms-credential.ts";
export { kekOf, type Kek, type KmsProvider } from "./key-wrapper.ts";
export { KmsError, kmsErrors, type KmsErrorCode } from "./kms-errors.ts";
export { kmsConfig, kmsVariables, providersOf, type KmsEnvironment } from "./kms-variables.ts";
