export { nodeBackend } from "./backends/node.ts";
