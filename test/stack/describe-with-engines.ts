import { describe, it } from "@jest/globals";
import { missingKafka, missingPostgres, missingRedis } from "@cloister/testing/engines";

/** A suite that starts every native engine itself; skipped with reasons, or failing when engines are required. */
export function describeWithEngines(name: string, suite: () => void): void {
  const own = { dataFolder: "" };
  const missing = [missingKafka(own), missingPostgres(own), missingPostgres({ pgvector: true }), missingRedis(own)];
  const reasons = missing.filter((one) => one !== undefined);
  if (reasons.length === 0) {
    describe(name, suite);
    return;
  }
  const reason = reasons.join("; ");
  describe(name, () => {
    if (process.env["CLOISTER_TEST_ENGINES"] === "required") {
      it("finds the engines that it needs", () => {
        throw new Error(reason);
      });
      return;
    }
    it.skip(`needs every engine (skipped: ${reason.replaceAll(/[()]/gu, "")})`, () => undefined);
  });
}
