export { bucketEnd, bucketEnds, latestBucketEnd, type SealingPurpose } from "./bucket-ends.ts";
export type { ConversationRecord, Recipient } from "./conversation-record.ts";
export { KeyringError, keyringErrors, type FailureScope, type KeyringErrorCode } from "./errors.ts";
export { InstanceIdentity, type InstanceIdentityOptions } from "./instance-identity.ts";
export { conversationText, requestText, type ConversationName, type KeyRequest } from "./key-request.ts";
export type { KeyLease, KeySource } from "./key-source.ts";
export { Keyring, type KeyringOptions } from "./keyring.ts";
export { keysTransport, type KeysAddress } from "./keys-transport.ts";
export type { LeasedKey, LeasedKeys } from "./leased-keys.ts";
