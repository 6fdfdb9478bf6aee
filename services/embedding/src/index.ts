export { codeFolder } from "./code-folder.ts";
export type { EmbeddingConfig, EmbeddingPorts } from "./embedding.ports.ts";
export { embeddingErrors } from "./errors.ts";
export { securityConfiguration } from "./security-configuration.ts";
export { startEmbedding } from "./start-embedding.ts";
