import type { ConversationRecord, KeyLease } from "@cloister/keyring";
import type { RedactedText } from "@cloister/keyring/consuming";
import { PolicyError } from "@cloister/policy";
import { InferenceError } from "./errors.ts";

/** A question that is to be answered, with the conversation that it belongs to. */
export interface Admitted {
  readonly message: RedactedText;
  readonly conversation: ConversationRecord;
}

/**
 * The conversation as its signed statement says. Undefined for a knowledge base: its documents are embedding's.
 * @throws KeyringError; PolicyError POLICY_STALE; InferenceError MODEL_LOCALITY
 */
export function admit(message: RedactedText, keys: KeyLease): Admitted | undefined {
  const conversation = keys.conversation(message.header);
  if (conversation.kind === "kb") return undefined;
  const { policy } = conversation;
  if (message.header.policyVersion > policy.version) {
    throw new PolicyError("POLICY_STALE", "The message was sealed under a newer policy than the one known here.");
  }
  if (policy.modelLocality !== "enclave") {
    throw new InferenceError("MODEL_LOCALITY", "The policy asks for an attested GPU, which this build can't prove.");
  }
  return { message, conversation };
}
