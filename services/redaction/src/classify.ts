import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { failed, type Failed } from "@cloister/messaging";
import { PolicyError } from "@cloister/policy";
import { RedactionError } from "./errors.ts";

/**
 * What becomes of a record whose redaction threw. An error that isn't one of ours is thrown on: the consumer's edge
 * decides there, and its text is never shown.
 */
export function failureOf(error: unknown): Failed {
  if (error instanceof KeyringError) return failed(error.scope, error.code, error.scope !== "poison");
  if (error instanceof PolicyError) {
    // A message pinned to a policy that has not arrived here yet waits for it.
    return failed(error.code === "POLICY_STALE" ? "tenant" : "poison", error.code);
  }
  if (error instanceof EnvelopeError || error instanceof RedactionError) return failed("poison", error.code);
  throw error;
}
