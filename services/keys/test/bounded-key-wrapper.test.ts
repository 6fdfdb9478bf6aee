import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { capturedLog, FakeClock } from "@cloister/testing";
import { KmsError, type Kek, type KmsErrorCode } from "@cloister/service-keys";
import { BoundedKeyWrapper } from "../src/kms/bounded-key-wrapper.ts";
import { codeOfAsync } from "./codes.ts";
import { kekFor, ScriptedKms } from "./scripted-kms.ts";

const [stuck, other] = [kekFor(1), kekFor(2)];
const nothing = new Uint8Array();

type Answer = "gives" | "hangs" | KmsErrorCode;

function setUp(answerWithinMs = 20) {
  const [clock, log] = [new FakeClock(), capturedLog("keys")];
  const kms = { answer: "gives" as Answer, asked: 0, waiting: [] as (() => void)[] };
  const wrapper = new ScriptedKms({
    unwrap: (kek) => {
      if (kek !== stuck) return Promise.resolve(Buffer.from("unwrapped"));
      kms.asked += 1;
      if (kms.answer === "gives") return Promise.resolve(Buffer.from("unwrapped"));
      if (kms.answer !== "hangs") return Promise.reject(new KmsError(kms.answer, "as the test says"));
      return new Promise((resolve) => kms.waiting.push(() => resolve(Buffer.from("unwrapped"))));
    },
  });
  const bounded = new BoundedKeyWrapper(wrapper, { clock, log: log.log, answerWithinMs });
  const codeFor = (kek: Kek) => codeOfAsync(bounded.unwrap(kek, nothing, nothing));
  return { kms, clock, log, codeFor };
}

describe("a KMS that can be away", () => {
  it("is waited for once, then its tenant is refused without asking", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "hangs";
    expect(await codeFor(stuck)).toBe("KMS_UNREACHABLE");
    expect(await codeFor(stuck)).toBe("KMS_UNREACHABLE");
    expect(kms.asked).toBe(1);
  });

  it("is the one of its tenant alone", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "hangs";
    expect(await Promise.all([codeFor(stuck), codeFor(other)])).toEqual(["KMS_UNREACHABLE", "done"]);
  });

  it("is not asked for a while after it failed at once, and its last word stands meanwhile", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "KMS_KEY_DISABLED";
    await codeFor(stuck);
    expect(await codeFor(stuck)).toBe("KMS_KEY_DISABLED");
    expect(kms.asked).toBe(1);
  });

  it("is asked again after a pause that grows, by one caller at a time", async () => {
    const { kms, clock, codeFor } = setUp();
    kms.answer = "KMS_UNREACHABLE";
    await codeFor(stuck);
    clock.advance(1_000);
    await Promise.all([codeFor(stuck), codeFor(stuck)]);
    clock.advance(1_000);
    await codeFor(stuck);
    expect(kms.asked).toBe(2);
    clock.advance(1_000);
    await codeFor(stuck);
    expect(kms.asked).toBe(3);
  });

  it("gives as before once it answers, and both are in the log by the tenant's id", async () => {
    const { kms, clock, log, codeFor } = setUp();
    kms.answer = "KMS_UNREACHABLE";
    await codeFor(stuck);
    kms.answer = "gives";
    clock.advance(1_000);
    expect([await codeFor(stuck), await codeFor(stuck)]).toEqual(["done", "done"]);
    const said = log.lines.map((line) => /a tenant's KMS [^"]*/u.exec(line)?.[0]);
    expect(said).toEqual(["a tenant's KMS doesn't answer", "a tenant's KMS answers again"]);
    expect(log.lines.every((line) => line.includes("01".repeat(16)))).toBe(true);
  });

  it("is known to be there by an answer that came too late for its caller", async () => {
    const { kms, clock, codeFor } = setUp(60_000);
    kms.answer = "KMS_UNREACHABLE";
    await codeFor(stuck);
    clock.advance(1_000);
    kms.answer = "hangs";
    expect(await codeFor(stuck)).toBe("KMS_UNREACHABLE");
    for (const resolve of kms.waiting.splice(0)) resolve();
    await delay(1);
    kms.answer = "gives";
    expect(await codeFor(stuck)).toBe("done");
  });

  it("is there when it refuses what it is given", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "KMS_CONTEXT_MISMATCH";
    expect([await codeFor(stuck), await codeFor(stuck)]).toEqual(["KMS_CONTEXT_MISMATCH", "KMS_CONTEXT_MISMATCH"]);
    expect(kms.asked).toBe(2);
  });
});
