import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** What one Jest run did, read from the file that its `--outputFile` names. */
export interface JestCounts {
  readonly passed: number;
  /** Failed tests, and suites that could not even start. */
  readonly failed: number;
  /** The full names of tests that did not run; a name holds `(skipped: why)`. */
  readonly skipped: readonly string[];
  /** A line for each failed test or suite: its file, its full name and how the first message begins. */
  readonly failures: readonly string[];
}

/** The part of Jest's JSON that is read here; Jest writes it itself, so it is not validated further. */
interface JestJson {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
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
      failures: json.testResults.flatMap(failuresOf),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: [], failures: [`no result in ${basename(file)}: Jest did not end`] };
  }
}

function failuresOf({ name, status, message, assertionResults }: JestJson["testResults"][number]): string[] {
  const failed = assertionResults.filter(({ status }) => status === "failed");
  if (status === "failed" && failed.length === 0) return [`${basename(name)} did not start: ${beginning(message)}`];
  return failed.map(
    ({ fullName, failureMessages = [] }) => `${basename(name)}: ${fullName}: ${beginning(failureMessages[0] ?? "")}`,
  );
}

/** The first 300 characters in one line, without colours. */
function beginning(message: string): string {
  return stripVTControlCharacters(message).replaceAll(/\s+/gu, " ").trim().slice(0, 300);
}

/** `12 passed, 0 failed`, and `, 1 skipped` when there is any. */
export function countsLine({ passed, failed, skipped }: JestCounts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}

/** One line for each reason, with how many tests it kept from running; a test that gives none stands by its name. */
export function skipLines(skipped: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of skipped) {
    const reason = /\(skipped: (?<why>[^)]+)\)/.exec(name)?.groups?.["why"] ?? `no reason given: ${name}`;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} × ${reason}`);
}
