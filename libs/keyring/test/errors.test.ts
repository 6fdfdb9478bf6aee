import { describe, expect, it } from "@jest/globals";
import { keysErrors, parseKeysErrorCode } from "@cloister/contracts/keys/errors";
import { KeyringError, type KeyringErrorCode } from "@cloister/keyring";

const scopeOf = (code: KeyringErrorCode) => new KeyringError(code, "").scope;

describe("what a failure means for the record at hand", () => {
  it.each(["KEYS_UNAVAILABLE", "KEYS_NOT_TRUSTED", "UNAVAILABLE", "LEASE_ENDED"] as const)(
    "%s pauses the consumer",
    (code) => expect(scopeOf(code)).toBe("shared"),
  );

  it.each(["KMS_UNAVAILABLE", "POLICY_EXPIRED", "POLICY_STALE", "MEASUREMENT_NOT_ALLOWED", "CHAIN_INVALID"] as const)(
    "%s lets this tenant's records wait",
    (code) => expect(scopeOf(code)).toBe("tenant"),
  );

  it.each(["KEY_DESTROYED", "KEY_EXPIRED", "KEY_CORRUPT", "CONVERSATION_UNKNOWN", "PURPOSE_NOT_ALLOWED"] as const)(
    "%s is no use to try again",
    (code) => expect(scopeOf(code)).toBe("poison"),
  );

  it("is unavailability where all records wait, and a refusal otherwise", () => {
    const isUnavailable = (code: KeyringErrorCode) => new KeyringError(code, "").isUnavailable;
    expect([isUnavailable("KEYS_UNAVAILABLE"), isUnavailable("KEY_DESTROYED")]).toEqual([true, false]);
  });

  it("is known for every code of keys", () => {
    const codes = Object.keys(keysErrors).flatMap((text) => parseKeysErrorCode(text) ?? []);
    expect(codes.filter((code) => !["shared", "tenant", "poison"].includes(scopeOf(code)))).toEqual([]);
  });
});
