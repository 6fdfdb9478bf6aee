export { ingestConfig } from "./ingest.config.ts";
export { defaultSettings, type IngestPorts, type IngestSettings } from "./ingest.ports.ts";
export { ingestPartitions } from "./ingest.partitions.ts";
export { startIngest, type IngestConfig, type RunningIngest } from "./start-ingest.ts";
