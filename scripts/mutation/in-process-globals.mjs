/** What suites import as "@jest/globals". */
import { jestExpect } from "@jest/expect";

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from "jest-circus";
export const expect = jestExpect;

export const jest = {
  // Where jest-circus looks.
  setTimeout: (timeoutMs) => void (globalThis[Symbol.for("TEST_TIMEOUT_SYMBOL")] = timeoutMs),
};
