export { ingestConfig } from "./ingest.config.ts";
export { defaultSettings, type IngestConfig, type IngestPorts, type IngestSettings } from "./ingest.ports.ts";
export { startIngest, type RunningIngest } from "./start-ingest.ts";
