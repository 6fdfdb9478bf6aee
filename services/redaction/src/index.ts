export { codeFolder } from "./code-folder.ts";
export { redactionErrors, redactionStatuses } from "./errors.ts";
export type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";
export { securityConfiguration, type RedactionChoices } from "./security-configuration.ts";
export { startRedaction } from "./start-redaction.ts";
