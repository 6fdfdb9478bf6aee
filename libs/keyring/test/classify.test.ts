import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { classifyKeyed } from "@cloister/keyring/consuming";
import { PolicyError } from "@cloister/policy";
import { describe, expect, it } from "@jest/globals";

describe("what an error means for the other records of a batch", () => {
  it.each([
    ["all wait while keys is away", new KeyringError("KEYS_UNAVAILABLE", ""), "shared", "KEYS_UNAVAILABLE", true],
    ["a tenant's wait for its KMS", new KeyringError("KMS_UNAVAILABLE", ""), "tenant", "KMS_UNAVAILABLE", true],
    ["an erased conversation's is over", new KeyringError("KEY_DESTROYED", ""), "poison", "KEY_DESTROYED", false],
    ["a tenant's wait for its policy", new PolicyError("POLICY_STALE", ""), "tenant", "POLICY_STALE", true],
    ["what a policy refuses is over", new PolicyError("RETENTION_TOO_LONG", ""), "poison", "RETENTION_TOO_LONG", false],
    [
      "a key that died with its lease is leased again",
      new EnvelopeError("KEY_DESTROYED", ""),
      "shared",
      "LEASE_ENDED",
      true,
    ],
    ["what doesn't open is over", new EnvelopeError("MALFORMED", ""), "poison", "MALFORMED", false],
    ["what nobody knows is over, by a code alone", new TypeError("Marisol"), "poison", "UNEXPECTED", false],
  ])("%s", (_what, error, kind, code, isRetryable) => {
    expect(classifyKeyed(error)).toEqual({ kind, code, isRetryable });
  });
});
