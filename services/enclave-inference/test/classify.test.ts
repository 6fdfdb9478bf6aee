import { describe, expect, it } from "@jest/globals";
import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { PolicyError } from "@cloister/policy";
import { classify } from "../src/classify.ts";
import { ModelError } from "../src/model/model-runtime.ts";

describe("a failure", () => {
  it.each([
    ["keys is down", new KeyringError("KEYS_UNAVAILABLE", ""), "shared"],
    ["a tenant's KMS is down", new KeyringError("KMS_UNAVAILABLE", ""), "tenant"],
    ["a conversation was erased", new KeyringError("KEY_DESTROYED", ""), "poison"],
    ["a lease ended in the middle of a batch", new EnvelopeError("KEY_DESTROYED", ""), "shared"],
    ["an envelope was changed", new EnvelopeError("AUTHENTICATION_FAILED", ""), "poison"],
    ["a policy is not known yet", new PolicyError("POLICY_STALE", ""), "tenant"],
    ["the model server is away", new ModelError("MODEL_UNAVAILABLE", ""), "shared"],
    ["the service stops", new ModelError("MODEL_ABORTED", ""), "shared"],
    ["a prompt takes the model too long", new ModelError("MODEL_TIMEOUT", ""), "poison"],
    ["nobody expected it", new Error(""), "poison"],
  ])("concerns the right ones when %s", (_when, error, kind) => {
    expect(classify(error).kind).toBe(kind);
  });

  it("may be tried again when a model failed, not when a conversation was erased", () => {
    expect(classify(new ModelError("MODEL_REFUSED", "")).isRetryable).toBe(true);
    expect(classify(new KeyringError("KEY_DESTROYED", "")).isRetryable).toBe(false);
  });
});
