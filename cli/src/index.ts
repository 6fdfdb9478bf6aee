export { chatStatuses, cliErrors } from "./cli-error.ts";
export { createProgram, runProgram } from "./program.ts";
export { registerRedact } from "./redact/redact.ts";
export type { Streams, Terminal } from "./terminal.ts";
