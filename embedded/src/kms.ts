export {
  credentialTrust,
  examineKek,
  kekOf,
  kmsConfig,
  KmsError,
  openKms,
  providersOf,
  type Kek,
  type KekFinding,
  type KmsProvider,
} from "@cloister/service-keys/kms";
