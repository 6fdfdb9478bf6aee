/** Jest's own describe, it, hooks and expect, without Jest's loader: suites that are loaded once and run many times. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import PgliteEnvironment from "../../libs/testing/jest/pglite-environment.mjs";
import { addEventHandler, describe, getState, run } from "jest-circus";
import { loadFromSandbox } from "./in-process-loader.mjs";
import { chosenTarget } from "./targets.ts";

/** @param tellTest is given the id of each test before it runs, and undefined after it */
export async function loadSuites(sandbox, tellTest) {
  loadFromSandbox(sandbox);
  const { tests, needsDatabase } = chosenTarget();
  if (needsDatabase) await bringDatabase(sandbox);
  for (const suite of tests.flatMap((pattern) => globSync(pattern, { cwd: sandbox }).sort())) {
    await import(pathToFileURL(join(sandbox, suite)));
    gatherAs(suite);
  }
  return new Suites(tellTest);
}

/** What Jest's environment of system tests puts into their global object, and what it sets up before them. */
async function bringDatabase(sandbox) {
  const context = { console, testPath: sandbox, docblockPragmas: {} };
  const environment = new PgliteEnvironment(
    { projectConfig: { rootDir: sandbox, testEnvironmentOptions: {} } },
    context,
  );
  await environment.setup();
  const makers = Symbol.for("cloister.pglite");
  globalThis[makers] = environment.global[makers];
  await import(pathToFileURL(join(sandbox, "test/jest-database.ts")));
}

/** What a suite defined at its top goes into a block of its own, so that its hooks run for its own tests alone. */
function gatherAs(suite) {
  const { rootDescribeBlock: root } = getState();
  const isSuite = (child) => suites.has(child);
  const own = root.children.filter((child) => !isSuite(child));
  const hooks = root.hooks.splice(0);
  describe(suite, () => undefined);
  const block = root.children.at(-1);
  suites.add(block);
  root.children = root.children.filter(isSuite);
  for (const one of [...own, ...hooks]) one.parent = block;
  block.children.push(...own);
  block.hooks.push(...hooks);
}

const suites = new Set();

class Suites {
  #tests = [...testsIn(getState().rootDescribeBlock)].map((test) => ({ test, id: idOf(test), mode: test.mode }));
  /** Errors that no test waits for. */
  #stray = new Map();

  constructor(tellTest) {
    const ids = new Map(this.#tests.map(({ test, id }) => [test, id]));
    addEventHandler(({ name, test }) => {
      // One failing test says that a mutant is noticed: the tests after it are skipped, with the hooks of their suites.
      if (name === "test_fn_failure" || name === "hook_failure") this.#skipAll();
      if (name === "test_started") tellTest(ids.get(test));
      if (name === "test_done") tellTest(undefined);
    });
    process.on("unhandledRejection", (error, promise) => this.#stray.set(promise, error));
    process.on("rejectionHandled", (promise) => this.#stray.delete(promise));
    process.on("uncaughtException", (error) => this.#stray.set(error, error));
  }

  #skipAll() {
    for (const { test } of this.#tests) test.mode = "skip";
  }

  /** What a mutant breaks is found sooner. Tests of one suite don't depend on one another. */
  runQuickestFirst() {
    sortByDuration(getState().rootDescribeBlock);
  }

  /** All tests, or those with these ids. @returns Stryker's results of them */
  async run(ids) {
    const chosen = ids === undefined ? undefined : new Set(ids);
    const state = getState();
    this.#stray.clear();
    state.unhandledErrors = [];
    for (const { test, id, mode } of this.#tests) {
      const isChosen = chosen?.has(id) ?? true;
      Object.assign(test, { errors: [], status: null, mode: isChosen ? mode : "skip" });
    }
    await run();
    const results = this.#tests.map(({ test, id }) => resultOf(test, id));
    const stray = [...state.unhandledErrors.flat(), ...this.#stray.values()];
    const ran = results.find(({ status }) => status !== SKIPPED);
    if (stray.length > 0 && ran !== undefined) Object.assign(ran, { status: FAILED, failureMessage: String(stray[0]) });
    return results;
  }
}

function* testsIn(block) {
  for (const child of block.children) {
    if (child.type === "test") yield child;
    else yield* testsIn(child);
  }
}

function sortByDuration(block) {
  const durationOf = (child) =>
    Math.min(...(child.type === "test" ? [child] : [...testsIn(child)]).map(({ duration }) => duration ?? 0));
  block.children.sort((left, right) => durationOf(left) - durationOf(right));
  for (const child of block.children) if (child.type !== "test") sortByDuration(child);
}

function idOf({ name, parent }) {
  return parent === undefined || parent.name === "ROOT_DESCRIBE_BLOCK" ? name : `${idOf(parent)} ${name}`;
}

// Stryker's TestStatus.
const [SUCCESS, FAILED, SKIPPED] = [0, 1, 2];

function resultOf({ status, errors, duration }, id) {
  const result = { id, name: id, timeSpentMs: duration ?? 0 };
  if (errors.length > 0) return { ...result, status: FAILED, failureMessage: String([errors[0]].flat()[0]) };
  return { ...result, status: status === "skip" ? SKIPPED : SUCCESS };
}
