import { readFileSync } from "node:fs";

/** What one Jest run did, read from the file that its `--outputFile` names. */
export interface JestCounts {
  readonly passed: number;
  /** Failed tests, and suites that could not even start. */
  readonly failed: number;
  /** The full names of tests that did not run, which say why. */
  readonly skipped: readonly string[];
}

/** The part of Jest's JSON that is read here; Jest writes it itself, so it is not validated further. */
interface JestJson {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
}

const ran = new Set(["passed", "failed"]);

/** Reads the counts; a missing or broken file (Jest was killed, or refused its options) is one failure, never none. */
export function readJestCounts(file: string): JestCounts {
  try {
    // Written by Jest a moment ago, with --json.
    const json = JSON.parse(readFileSync(file, "utf8")) as JestJson;
    return {
      passed: json.numPassedTests,
      failed: json.numFailedTests + json.numRuntimeErrorTestSuites,
      skipped: json.testResults.flatMap(({ assertionResults }) =>
        assertionResults.filter(({ status }) => !ran.has(status)).map(({ fullName }) => fullName),
      ),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
}

/** `12 passed, 0 failed`, and `, 1 skipped` when there is any. */
export function countsLine({ passed, failed, skipped }: JestCounts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}
