import type { ServiceMetrics } from "@cloister/service";
import type { GuardFinding } from "./guard/guard.ts";

/** What is counted of answers: how many, how long, what the guard took out. Never what they say. */
export interface InferenceMetrics {
  answered(seconds: number): void;
  guarded(findings: readonly GuardFinding[]): void;
}

export function inferenceMetrics(metrics: ServiceMetrics): InferenceMetrics {
  const answers = metrics.histogram("answer", "seconds", "Time a model took for an answer");
  const findings = metrics.counter("guard_findings", "What the output guard took out of answers", ["kind"]);
  return {
    answered: (seconds) => answers.observe(seconds),
    guarded: (found) => {
      for (const { kind, count } of found) findings.inc({ kind }, count);
    },
  };
}
