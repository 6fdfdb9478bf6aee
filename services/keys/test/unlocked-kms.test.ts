import { describe, expect, it } from "@jest/globals";
import type { Kek } from "../src/kms/key-wrapper.ts";
import { KmsError, kmsError } from "../src/kms/kms-errors.ts";
import { LockedKms, UnlockedKms } from "../src/kms/unlocked-kms.ts";

const tenantId = new Uint8Array(16).fill(1);
const kek: Kek = { tenantId, provider: "openbao", keyRef: "transit/keys/tenant", trustsCredential: false };
const credential = { kind: "vault-token", token: "hvs.of-a-test" } as const;

describe("a KMS that a tenant has unlocked", () => {
  it("is opened once, and again after it could not be opened", async () => {
    const opened: string[] = [];
    const kms = new UnlockedKms(new LockedKms("openbao"), { of: () => credential }, async (provider) => {
      opened.push(provider);
      if (opened.length === 1) throw kmsError("KMS_UNREACHABLE", provider);
      return new LockedKms(provider);
    });
    const codes: unknown[] = [];
    for (let call = 0; call < 3; call++) {
      await kms.describe(kek).catch((error: unknown) => codes.push(error instanceof KmsError ? error.code : error));
    }
    expect([codes, opened.length]).toEqual([["KMS_UNREACHABLE", "KEYS_LOCKED", "KEYS_LOCKED"], 2]);
  });
});
