import { describe, expect, it } from "@jest/globals";
import { KmsError, kmsErrors, type KmsErrorCode } from "@cloister/service-keys";
import { FakeClock } from "@cloister/testing";
import { KmsByProvider } from "../src/kms/kms-by-provider.ts";
import { MeasuredKeyWrapper, type KmsCall } from "../src/kms/measured-key-wrapper.ts";
import { RetryingKeyWrapper } from "../src/kms/retrying-key-wrapper.ts";
import { codeOfAsync } from "./codes.ts";
import { kekFor, ScriptedKms } from "./scripted-kms.ts";

const kek = kekFor(1);
const bytes = Buffer.from("bytes");
const codes = Object.entries(kmsErrors).map(([code, { title }]) => ({ code: code as KmsErrorCode, title }));
const passing = ["KMS_UNREACHABLE", "KMS_THROTTLED"];

function failing(code: KmsErrorCode, times = Infinity): ScriptedKms {
  let left = times;
  const answer = () => (left-- > 0 ? Promise.reject(new KmsError(code, "as the test says")) : Promise.resolve(bytes));
  return new ScriptedKms({ wrap: answer, unwrap: answer });
}

describe("asking a KMS again", () => {
  it.each(codes.filter(({ code }) => passing.includes(code)))(
    "goes on after $code, twice at most",
    async ({ code }) => {
      const kms = failing(code);
      expect(await codeOfAsync(new RetryingKeyWrapper(kms).unwrap(kek, bytes, bytes))).toBe(code);
      expect(kms.asked).toEqual(["unwrap", "unwrap", "unwrap"]);
    },
  );

  it.each(codes.filter(({ code }) => !passing.includes(code)))("is left alone after $code", async ({ code }) => {
    const kms = failing(code);
    expect(await codeOfAsync(new RetryingKeyWrapper(kms).unwrap(kek, bytes, bytes))).toBe(code);
    expect(kms.asked).toEqual(["unwrap"]);
  });

  it("gives the answer that came in the end", async () => {
    const kms = failing("KMS_THROTTLED", 2);
    expect(await new RetryingKeyWrapper(kms).wrap(kek, bytes, bytes)).toEqual(bytes);
  });

  it("never repeats a destruction, whose first answer may have been lost", async () => {
    const kms = new ScriptedKms({ destroy: () => Promise.reject(new KmsError("KMS_UNREACHABLE", "down")) });
    expect(await codeOfAsync(new RetryingKeyWrapper(kms).destroy(kek))).toBe("KMS_UNREACHABLE");
    expect(kms.asked).toEqual(["destroy"]);
  });
});

describe("what a KMS is asked", () => {
  it("is told call by call, with what came of it and how long it took", async () => {
    const clock = new FakeClock();
    const calls: KmsCall[] = [];
    const slow = new ScriptedKms({
      unwrap: () => {
        clock.advance(250);
        return Promise.reject(new KmsError("KMS_KEY_DISABLED", "as the test says"));
      },
    });
    const measured = new MeasuredKeyWrapper(slow, clock, (call) => calls.push(call));
    await measured.wrap(kek, bytes, bytes);
    await codeOfAsync(measured.unwrap(kek, bytes, bytes));
    expect(calls).toEqual([
      { operation: "wrap", provider: "local", outcome: "OK", seconds: 0 },
      { operation: "unwrap", provider: "local", outcome: "KMS_KEY_DISABLED", seconds: 0.25 },
    ]);
  });
});

describe("a deployment with several KMS", () => {
  it("asks the one that the tenant's policy names", async () => {
    const [vault, aws] = [new ScriptedKms(), new ScriptedKms()];
    const byProvider = new KmsByProvider({ vault, "aws-kms": aws });
    await byProvider.wrap(kekFor(1, { provider: "aws-kms" }), bytes, bytes);
    await byProvider.describe(kekFor(1, { provider: "vault" }));
    expect([vault.asked, aws.asked]).toEqual([["describe"], ["wrap"]]);
  });

  it("asks none for a tenant that trusts evidence alone, unless the KMS checks it", async () => {
    const [vault, aws] = [new ScriptedKms(), new ScriptedKms()];
    const byProvider = new KmsByProvider({ vault, "aws-kms": aws }, ["aws-kms"]);
    const ofEvidence = { trustsCredential: false };
    const codes = [
      await codeOfAsync(byProvider.unwrap(kekFor(1, { provider: "vault", ...ofEvidence }), bytes, bytes)),
      await codeOfAsync(byProvider.unwrap(kekFor(1, { provider: "aws-kms", ...ofEvidence }), bytes, bytes)),
    ];
    expect([codes, vault.asked]).toEqual([["KMS_CREDENTIAL_UNTRUSTED", "done"], []]);
  });

  it("refuses a policy that names another, and says which it has", async () => {
    const byProvider = new KmsByProvider({ vault: new ScriptedKms() });
    await expect(byProvider.unwrap(kek, bytes, bytes)).rejects.toMatchObject({
      code: "KMS_NOT_CONFIGURED",
      message: expect.stringContaining("at local, and this deployment uses vault"),
    });
  });
});
