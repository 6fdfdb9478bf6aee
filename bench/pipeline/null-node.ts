/** What the module of the node backend exports, in null. */
export { nullBackend as nodeBackend } from "./null-backend.ts";
