export { registerRedact, type Streams } from "./redact.ts";
