import chalk from "chalk";

/** What one check found: well; worth a look; wrong, with what to do; or not looked at, since it needs one that failed. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "failed" | "skipped";
  /** A sentence. */
  readonly detail: string;
  /** Of a failure: the stable code. */
  readonly code?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const marks: Readonly<Record<Finding["result"], string>> = {
  ok: chalk.green("ok     "),
  warning: chalk.yellow("warning"),
  failed: chalk.red("FAILED "),
  skipped: chalk.dim("skipped"),
};

/** A line for each finding, and below it what to do. */
export function findingLines(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, result, code, detail, remedy }) => [
    `${marks[result]}  ${check.padEnd(width)}  ${code === undefined ? "" : `${code}: `}${detail}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 11)}→ ${remedy}`]),
  ]);
}

export function summaryLine(findings: readonly Finding[]): string {
  const count = (wanted: Finding["result"]): number => findings.filter(({ result }) => result === wanted).length;
  const text = `${findings.length} checks: ${count("failed")} failed, ${count("warning")} to look at.`;
  return count("failed") === 0 ? chalk.green(text) : chalk.red(text);
}
