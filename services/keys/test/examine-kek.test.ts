import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { LocalKeyring, type Kek, type KeyWrapper } from "@cloister/service-keys";
import { systemClock } from "@cloister/service";
import { FakeClock } from "@cloister/testing";
import { AwsKms } from "../src/adapters/aws/aws-kms.ts";
import { examineKek } from "../src/kms/examine-kek.ts";
import { FakeAwsKms } from "./fake-aws-kms.ts";
import { kekFor, ScriptedKms } from "./scripted-kms.ts";

// A server answers, on machines that may be busy.
jest.setTimeout(60_000);

const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not a secret" };

/** What was found, as `check: result`, and with its code where there is one. */
async function found(wrapper: KeyWrapper, kek: Kek, clock = systemClock): Promise<string[]> {
  const findings = await examineKek(wrapper, kek, clock);
  return findings.map(({ check, result, code }) => `${check}: ${code ?? result}`);
}

describe("examining a KEK in AWS KMS", () => {
  let kms: FakeAwsKms;
  let wrapper: AwsKms;
  beforeAll(async () => {
    kms = await FakeAwsKms.start();
    wrapper = await AwsKms.open({ endpoint: kms.url, credentials });
  });
  afterAll(() => kms.stop());

  it("finds all well", async () => {
    expect(await found(wrapper, kms.newKek())).toEqual([
      "key: ok",
      "destruction: ok",
      "export: ok",
      "round trip: ok",
      "binding: ok",
      "permissions: ok",
      "permissions: skipped",
      "clock: ok",
    ]);
  });

  it("says which permissions AWS doesn't tell", async () => {
    const findings = await examineKek(wrapper, kms.newKek(), systemClock);
    const skipped = findings.find(({ result }) => result === "skipped");
    expect(skipped?.detail).toContain("may kms:DisableKey, kms:ScheduleKeyDeletion");
  });

  it("finds what the credential has too much, and names it with what to do", async () => {
    kms.allowsTooMuch = true;
    const findings = await examineKek(wrapper, kms.newKek(), systemClock);
    kms.allowsTooMuch = false;
    const excess = (name: string) => ({
      check: "permissions",
      result: "failed",
      code: "KMS_PERMISSION_DENIED",
      detail: `The credential may do what it must not: ${name}.`,
      remedy: `Take away ${name} in the key policy or the role's policy.`,
    });
    expect(findings.filter(({ check, result }) => check === "permissions" && result === "failed")).toEqual([
      excess("kms:GetKeyPolicy"),
      excess("kms:CreateGrant"),
    ]);
  });

  it("finds clocks that differ", async () => {
    kms.skewMs = 31_000;
    expect(await found(wrapper, kms.newKek())).toContain("clock: CLOCK_SKEW");
    kms.skewMs = 0;
  });

  it("finds a disabled key, and looks on as far as it can", async () => {
    const kek = kms.newKek();
    kms.setState(kek, "Disabled");
    expect(await found(wrapper, kek)).toEqual([
      "key: KMS_KEY_DISABLED",
      "destruction: skipped",
      "export: skipped",
      "round trip: KMS_KEY_DISABLED",
      "binding: skipped",
      "permissions: KMS_KEY_DISABLED",
      "clock: ok",
    ]);
  });

  it("finds nothing else where the KMS can't be reached", async () => {
    const away = await AwsKms.open({ endpoint: "http://127.0.0.1:1", credentials });
    const [first, ...others] = await found(away, kms.newKek());
    expect(first).toBe("key: KMS_UNREACHABLE");
    expect(others.every((one) => one.endsWith(": skipped"))).toBe(true);
  });

  it("finds no key where there is none", async () => {
    expect(await found(wrapper, kms.absentKek())).toContain("key: KMS_KEY_UNKNOWN");
  });
});

describe("examining a KEK elsewhere", () => {
  it("warns of a file that can be copied", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cloister-keyring-"));
    const keyring = await LocalKeyring.open(join(folder, "keyring.json"));
    await keyring.ensureKek(kekFor(1));
    expect(await found(keyring, kekFor(1))).toEqual([
      "key: ok",
      "destruction: ok",
      "export: warning",
      "round trip: ok",
      "binding: ok",
      "permissions: skipped",
      "clock: skipped",
    ]);
    await rm(folder, { recursive: true });
  });

  it("fails a KMS that binds nothing", async () => {
    expect(await found(new ScriptedKms(), kekFor(1))).toContain("binding: KMS_KEY_UNSUITABLE");
  });

  it("fails a KMS that gives back something else", async () => {
    const other = new ScriptedKms({ unwrap: () => Promise.resolve(Buffer.alloc(32)) });
    expect(await found(other, kekFor(1))).toContain("round trip: KMS_ANSWER_MALFORMED");
  });

  it("warns of one that is slower than keys waits, and of one that keeps its key", async () => {
    const clock = new FakeClock();
    const slow = new ScriptedKms({
      unwrap: (_kek, wrapped) => {
        clock.advance(1_000);
        return Promise.resolve(wrapped);
      },
      describe: () => Promise.resolve({ state: "usable", destroys: "never", isExportable: false, detail: "kept" }),
    });
    const findings = await found(slow, kekFor(1), clock);
    expect(findings).toEqual(expect.arrayContaining(["round trip: warning", "destruction: warning"]));
  });
});
