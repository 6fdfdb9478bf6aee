export { ingestProblems, problemsAtTheDoors } from "./ingest.problems.ts";
export type { IngestConfig, IngestPorts, IngestSettings } from "./ingest.ports.ts";
export { openApiDocument } from "./openapi/document.ts";
export { startIngest, type RunningIngest } from "./start-ingest.ts";
