import { afterAll, beforeAll, describe, it } from "@jest/globals";
import { hasTestPostgres, startTestPostgres, type TestPostgres } from "./test-postgres.ts";

/**
 * A suite that needs a real PostgreSQL. Without one it is skipped, loudly, or fails when
 * CLOISTER_TEST_ENGINES=required. `url` may be called inside tests and hooks only.
 */
export function describeOnPostgres(name: string, suite: (url: () => string) => void): void {
  if (!hasTestPostgres()) {
    describe(name, () => missingEngine(name));
    return;
  }
  describe(name, () => {
    let postgres: TestPostgres | null = null;
    beforeAll(async () => {
      postgres = await startTestPostgres();
    }, 60_000);
    afterAll(async () => {
      await postgres?.stop();
    }, 60_000);
    suite(() => {
      if (postgres === null) throw new Error("PostgreSQL has not been started");
      return postgres.url;
    });
  });
}

function missingEngine(name: string): void {
  const reason = "no CLOISTER_TEST_DATABASE_URL and no PostgreSQL 15+ in /usr/lib/postgresql";
  if (process.env["CLOISTER_TEST_ENGINES"] === "required") {
    it("finds the PostgreSQL that it needs", () => {
      throw new Error(`${name}: ${reason}`);
    });
    return;
  }
  process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
  it.skip(`needs a real PostgreSQL (skipped: ${reason})`, () => undefined);
}
