export { ingestProblems, problemsAtTheDoors } from "./ingest.problems.ts";
export type { IngestConfig, IngestPorts, IngestSettings } from "./ingest.ports.ts";
export { startIngest, type RunningIngest } from "./start-ingest.ts";
