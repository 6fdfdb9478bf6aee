export type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";
export { securityConfiguration } from "./security-configuration.ts";
export { startRedaction } from "./start-redaction.ts";
export { mapEntryTable, REDACTION_SCHEMA } from "./tables.ts";

/** What simulated evidence measures. */
export const codeFolder = new URL(".", import.meta.url);
