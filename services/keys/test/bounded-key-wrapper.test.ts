import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { capturedLog, FakeClock } from "@cloister/testing";
import { KeysError, type KeyWrapper } from "@cloister/service-keys";
import { BoundedKeyWrapper, type KmsOperation } from "../src/hierarchy/bounded-key-wrapper.ts";
import { codeOfAsync } from "./codes.ts";

const [stuck, other] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
const nothing = new Uint8Array();
const unwrapped = Buffer.from("unwrapped");

type Answer = "gives" | "hangs" | "fails" | "refuses";

/** A KMS that answers one tenant as it is told, and counts its calls. */
class OneTenantsKms implements KeyWrapper {
  asked = 0;
  answer: Answer = "gives";
  readonly #waiting: (() => void)[] = [];

  /** What hangs is answered after all. */
  answerLate(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  ensureKek(): Promise<void> {
    return Promise.resolve();
  }

  wrap(tenantId: Uint8Array): Promise<Uint8Array> {
    return this.unwrap(tenantId);
  }

  unwrap(tenantId: Uint8Array): Promise<Uint8Array> {
    if (tenantId !== stuck) return Promise.resolve(unwrapped);
    this.asked += 1;
    if (this.answer === "fails") return Promise.reject(new KeysError("KMS_UNAVAILABLE", "down"));
    if (this.answer === "refuses") return Promise.reject(new KeysError("KEY_CORRUPT", "not mine"));
    if (this.answer === "gives") return Promise.resolve(unwrapped);
    return new Promise((resolve) => this.#waiting.push(() => resolve(unwrapped)));
  }
}

function setUp(answerWithinMs = 20) {
  const [kms, clock, log] = [new OneTenantsKms(), new FakeClock(), capturedLog("keys")];
  const questions: KmsOperation[] = [];
  const asked = (operation: KmsOperation) => questions.push(operation);
  const bounded = new BoundedKeyWrapper(kms, { clock, log: log.log, answerWithinMs, asked });
  const codeFor = (tenantId: Uint8Array) => codeOfAsync(bounded.unwrap(tenantId, nothing, nothing));
  return { kms, clock, log, codeFor, bounded, questions };
}

describe("a KMS that can be away", () => {
  it("is waited for once, then its tenant is refused without asking", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "hangs";
    expect(await codeFor(stuck)).toBe("KMS_UNAVAILABLE");
    expect(await codeFor(stuck)).toBe("KMS_UNAVAILABLE");
    expect(kms.asked).toBe(1);
  });

  it("has each question counted that it is asked, and none that it is not", async () => {
    const { kms, codeFor, bounded, questions } = setUp();
    await bounded.ensureKek(other);
    await bounded.wrap(other, nothing, nothing);
    kms.answer = "hangs";
    await codeFor(stuck);
    await codeFor(stuck);
    expect(questions).toEqual(["ensureKek", "wrap", "unwrap"]);
  });

  it("is the one of its tenant alone", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "hangs";
    expect(await Promise.all([codeFor(stuck), codeFor(other)])).toEqual(["KMS_UNAVAILABLE", "done"]);
  });

  it("is not asked for a while after it failed at once", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "fails";
    await codeFor(stuck);
    await codeFor(stuck);
    expect(kms.asked).toBe(1);
  });

  it("is asked again after a pause that grows, by one caller at a time", async () => {
    const { kms, clock, codeFor } = setUp();
    kms.answer = "fails";
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
    kms.answer = "fails";
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
    kms.answer = "fails";
    await codeFor(stuck);
    clock.advance(1_000);
    kms.answer = "hangs";
    expect(await codeFor(stuck)).toBe("KMS_UNAVAILABLE");
    kms.answerLate();
    await delay(1);
    kms.answer = "gives";
    expect(await codeFor(stuck)).toBe("done");
  });

  it("is there when it refuses what it is given", async () => {
    const { kms, codeFor } = setUp();
    kms.answer = "refuses";
    expect([await codeFor(stuck), await codeFor(stuck)]).toEqual(["KEY_CORRUPT", "KEY_CORRUPT"]);
    expect(kms.asked).toBe(2);
  });
});
