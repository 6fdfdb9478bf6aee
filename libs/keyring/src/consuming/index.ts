export { classifyKeyed } from "./classify.ts";
export { flowKeyOf, openRedacted, type RedactedText } from "./open-redacted.ts";
