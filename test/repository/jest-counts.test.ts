import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { countsLine, readJestCounts, skipLines } from "../../scripts/jest-counts.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-counts-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function jestFile(text: string): string {
  const file = join(folder, "jest.json");
  writeFileSync(file, text);
  return file;
}

describe("the counts of a test run", () => {
  it("count a suite that could not start as a failure", () => {
    const file = jestFile(
      JSON.stringify({
        numPassedTests: 3,
        numFailedTests: 1,
        numRuntimeErrorTestSuites: 1,
        testResults: [
          { name: "a", assertionResults: [{ fullName: "real (skipped: no server) reads", status: "pending" }] },
          {
            name: "/b/b.test.ts",
            status: "failed",
            assertionResults: [
              {
                fullName: "b reads",
                status: "failed",
                failureMessages: ["\u001b[31mExpected\u001b[39m: 1\n  Received: 2"],
              },
            ],
          },
          { name: "/b/c.test.ts", status: "failed", message: "cannot be\nread", assertionResults: [] },
        ],
      }),
    );
    const counts = readJestCounts(file);
    expect(countsLine(counts)).toBe("3 passed, 2 failed, 1 skipped");
    expect(counts.failures).toEqual([
      "b.test.ts: b reads: Expected: 1 Received: 2",
      "c.test.ts did not start: cannot be read",
    ]);
  });

  it("are one failure when Jest left no result", () => {
    expect(countsLine(readJestCounts(join(folder, "missing.json")))).toBe("0 passed, 1 failed");
    expect(countsLine(readJestCounts(jestFile("{")))).toBe("0 passed, 1 failed");
  });

  it("group skipped tests by the reason in their names", () => {
    expect(skipLines(["x (skipped: no server) a", "x (skipped: no server) b", "c"])).toEqual([
      "2 × no server",
      "1 × no reason given: c",
    ]);
  });
});
