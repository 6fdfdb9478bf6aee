export { codeFolder } from "./code-folder.ts";
export { redactionErrors } from "./errors.ts";
export type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";
export { securityConfiguration } from "./security-configuration.ts";
export { startRedaction } from "./start-redaction.ts";
