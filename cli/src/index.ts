export { chatStatuses, cliErrors } from "./cli-error.ts";
export { createProgram, runProgram } from "./program.ts";
export { registerRedact, type Streams } from "./redact.ts";
export type { Terminal } from "./terminal.ts";
