import { TestEnvironment } from "jest-environment-node";
import PgliteEnvironment from "../../libs/testing/jest/pglite-environment.mjs";
import { chosenTarget } from "./targets.ts";

const Base = chosenTarget().needsDatabase ? PgliteEnvironment : TestEnvironment;

/** One failing test says that a mutant is noticed: the tests after it are skipped. */
export default class BailingEnvironment extends Base {
  #hasFailed = false;

  handleTestEvent(event) {
    if (event.name === "test_fn_failure" || event.name === "hook_failure") this.#hasFailed = true;
    if (event.name === "test_start" && this.#hasFailed) event.test.mode = "skip";
  }
}
