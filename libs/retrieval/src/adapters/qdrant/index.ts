export { QdrantServer, type QdrantOptions } from "./qdrant-server.ts";
export { qdrantEnding, qdrantNearest, qdrantVectors } from "./qdrant-vectors.ts";
