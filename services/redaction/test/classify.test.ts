import { describe, expect, it } from "@jest/globals";
import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { PolicyError } from "@cloister/policy";
import { failureOf } from "../src/classify.ts";
import { RedactionError } from "../src/errors.ts";

describe("what becomes of a record whose redaction threw", () => {
  it.each([
    ["everybody waits while keys is away", new KeyringError("KEYS_UNAVAILABLE", ""), "shared", true],
    ["its tenant waits for its KMS", new KeyringError("KMS_UNAVAILABLE", ""), "tenant", true],
    ["its tenant waits for a policy that is not here yet", new PolicyError("POLICY_STALE", ""), "tenant", true],
    ["an erased conversation is at its end", new KeyringError("KEY_DESTROYED", ""), "poison", false],
    ["what the policy refuses is refused", new PolicyError("RETENTION_TOO_LONG", ""), "poison", false],
    ["what can't be opened is refused", new EnvelopeError("AUTHENTICATION_FAILED", ""), "poison", false],
    ["a replay is refused", new RedactionError("REPLAYED", ""), "poison", false],
    ["a leak is refused", new RedactionError("REDACTION_LEAK", ""), "poison", false],
  ] as const)("%s", (_, error, kind, isRetryable) => {
    expect(failureOf(error)).toEqual({ status: "failed", failure: { kind, code: error.code, isRetryable } });
  });

  it("makes a dead letter of what is not known, by a code alone", () => {
    expect(failureOf(new TypeError("Marisol"))).toEqual({
      status: "failed",
      failure: { kind: "poison", code: "UNEXPECTED", isRetryable: false },
    });
  });
});
