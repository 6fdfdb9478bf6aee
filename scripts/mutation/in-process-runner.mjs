/**
 * Stryker's runner for suites that start a database: it loads them and the sources once, in one process, and only switches
 * mutants after that. What a test starts it starts anew for each mutant; what is made while a module loads stays, so mutants
 * there are left out (`ignoreStatic`). Jest's own runner would load everything again for each, which takes seconds.
 */
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  determineHitLimitReached,
  DryRunStatus,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { loadSuites } from "./in-process-suites.mjs";

class InProcessRunner {
  /** What instrumented sources read and write. */
  #stryker = (globalThis.__stryker__ ??= {});
  #suites;

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    this.#suites = await loadSuites(process.cwd(), (testId) => (this.#stryker.currentTestId = testId));
  }

  async dryRun() {
    await this.#suites.run();
    this.#suites.runQuickestFirst();
    // In the order that mutants meet them in: a test that needs another before it fails here.
    const tests = await this.#suites.run();
    return { status: DryRunStatus.Complete, tests, mutantCoverage: this.#stryker.mutantCoverage };
  }

  /** @throws Error when the tests that failed fail without the mutant, too: Stryker then tries it in a new process */
  async mutantRun({ activeMutant, testFilter, hitLimit, disableBail }) {
    Object.assign(this.#stryker, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit ? 0 : undefined });
    const tests = await this.#suites.run(testFilter);
    const { hitCount } = this.#stryker;
    Object.assign(this.#stryker, { activeMutant: undefined, hitLimit: undefined, hitCount: undefined });
    const timedOut = determineHitLimitReached(hitCount, hitLimit);
    const result = timedOut ?? toMutantRunResult({ status: DryRunStatus.Complete, tests }, disableBail);
    if (result.status !== MutantRunStatus.Survived) await this.#expectToPass(tests);
    return result;
  }

  /** The next mutant must not be found by what this one left behind. */
  async #expectToPass(tests) {
    const failed = tests.filter(({ status }) => status === TestStatus.Failed).map(({ id }) => id);
    if (failed.length === 0) return;
    const again = await this.#suites.run(failed);
    const still = again.find(({ status }) => status === TestStatus.Failed);
    if (still !== undefined) throw new Error(`"${still.name}" fails without a mutant, too: ${still.failureMessage}`);
  }
}

const create = () => new InProcessRunner();
create.inject = [];

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "in-process", create)];
