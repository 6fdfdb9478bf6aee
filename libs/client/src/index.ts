export {
  Client,
  createClient,
  type ClientOptions,
  type ImportedKnowledge,
  type ImportOptions,
  type OpenOptions,
} from "./client.ts";
export type { Clock } from "./clock.ts";
export type {
  ConversationEvent,
  EventRefused,
  GapNoticed,
  LiveStopped,
  LiveText,
  ReplyFailed,
  ReplyReceived,
  ReplySource,
  ReplyWaiting,
} from "./conversation-event.ts";
export type { ClientPublicKeys, GetAdmission } from "./conversation-keys.ts";
export type { ConversationState } from "./conversation-state.ts";
export type {
  AskOptions,
  Conversation,
  KnowledgeDocument,
  ReadOptions,
  SealedText,
  SentMessage,
} from "./conversation.ts";
export { ClientError, clientErrors, type ClientErrorCode } from "./errors.ts";
export { refusedEvents } from "./incoming.ts";
export type { EventReader, Recipient } from "./recipient.ts";
export type { RetryPolicy } from "./retry.ts";
export type { SignedPolicy } from "./tenant-authority.ts";
// What an application's own backend needs to admit a conversation.
export { clientKeysHash, signAdmission, signerFromSeed, type Admission, type NoteSigner } from "@cloister/policy";
