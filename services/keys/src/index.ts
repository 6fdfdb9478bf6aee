export { LocalKeyring } from "./adapters/local-keyring.ts";
export { codeFolder } from "./code-folder.ts";
export type { DoorCredentials } from "./doors/routes.ts";
export { KeysError } from "./errors.ts";
export { KmsError, kmsErrors, type KmsErrorCode } from "./kms/kms-errors.ts";
export {
  kekOf,
  type DestroyedKek,
  type Destruction,
  type Kek,
  type KekDescription,
  type KeyWrapper,
  type KmsProvider,
} from "./kms/key-wrapper.ts";
export type { KmsCredential } from "./kms/kms-credential.ts";
export { LockedKms, type OpenWithCredential } from "./kms/unlocked-kms.ts";
export type { KeysConfig, KeysPorts } from "./keys.ports.ts";
export { securityConfiguration } from "./security-configuration.ts";
export { startKeys, type RunningKeys } from "./start-keys.ts";
