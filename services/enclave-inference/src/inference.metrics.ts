import type { ServiceMetrics } from "@cloister/service";
import type { GuardFinding } from "./guard/guard.ts";

/** What is counted of answers: how many, how long, what the guard took out. Never what they say. */
export interface InferenceMetrics extends SearchMetrics {
  answered(seconds: number): void;
  guarded(findings: readonly GuardFinding[]): void;
  /** A live stream ended, whole or broken off. */
  streamed(outcome: "complete" | "cut", cells: number): void;
}

/** What becomes of the segments that a question is searched in; `uncached` comes beside `opened`. */
export interface SearchMetrics {
  segment(outcome: "cached" | "extended" | "opened" | "uncached" | "nearest" | "left out"): void;
  /** Bytes that opened segments take. */
  held(bytes: number): void;
}

export function inferenceMetrics(metrics: ServiceMetrics): InferenceMetrics {
  const answers = metrics.histogram("answer", "seconds", "Time a model took for an answer");
  const findings = metrics.counter("guard_findings", "What the output guard took out of answers", ["kind"]);
  const streams = metrics.counter("live_streams", "Answers that somebody watched come, by how the stream ended", [
    "outcome",
  ]);
  const liveCells = metrics.counter("live_cells", "Cells that were sealed for them, idle ones included");
  const segments = metrics.counter(
    "search_segments",
    "Segments that a question looked in: cached, extended by what was new, opened, too large to be cached, asked of the store of protected vectors (nearest), left out",
    ["outcome"],
  );
  const cache = metrics.gauge(
    "search_cache",
    "bytes",
    "Opened passages that are held while the leases of their keys last",
  );
  return {
    segment: (outcome) => segments.inc({ outcome }),
    held: (bytes) => cache.set(bytes),
    answered: (seconds) => answers.observe(seconds),
    guarded: (found) => {
      for (const { kind, count } of found) findings.inc({ kind }, count);
    },
    streamed: (outcome, cells) => {
      streams.inc({ outcome });
      liveCells.inc(cells);
    },
  };
}
