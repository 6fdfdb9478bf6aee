export { splitPassages, type PassageSize } from "./passages/split-passages.ts";
export { searchTerms } from "./words/search-terms.ts";
export { directionOf, quantized } from "./embedding/quantized.ts";
export { staticEmbedder, staticModel } from "./embedding/static-model.ts";
export type { EmbeddingModel, TextEmbedder } from "./embedding/text-embedder.ts";
export { search, type SearchHit, type SearchLimits, type SearchQuery } from "./search/search.ts";
export { SearchIndex, type Searchable } from "./search/search-index.ts";
export { defaultBeta, VectorTransform } from "./protection/vector-transform.ts";
export { VectorTransforms, type SeedHolder } from "./protection/vector-transforms.ts";
export { RetrievalError, retrievalErrors, type RetrievalErrorCode } from "./errors.ts";
export {
  type PassageReader,
  type PassageScope,
  type PassagesOfCause,
  type PassageTransaction,
  type ConversationOfTenant,
  type ProtectedStoreName,
  type SealedPassage,
  type Segment,
  type SegmentPart,
  type VectorIndex,
  type VectorProtection,
} from "./index/vector-index.ts";
export {
  passageGrants,
  passageMigrations,
  passageReadGrant,
  passageSchema,
  type PassageTables,
} from "./adapters/sealed/passage-table.ts";
export { sealedPassageReader } from "./adapters/sealed/sealed-passage-reader.ts";
export { sealedVectorIndex } from "./adapters/sealed/sealed-vector-index.ts";
export { protectedPassageReader, protectedVectorIndex } from "./adapters/protected/protected-vector-index.ts";
export type {
  BucketOfVectors,
  EndingVectors,
  NearestPassages,
  ProtectedPassage,
  ProtectedVectors,
} from "./adapters/protected/protected-vectors.ts";
export { forgetVectors, pgvectorNearest, pgvectorVectors } from "./adapters/pgvector/pgvector-vectors.ts";
export { pgvectorOwned, pgvectorSchema } from "./adapters/pgvector/pgvector-tables.ts";
export {
  passageReaderFromEnvironment,
  vectorIndexFromEnvironment,
  vectorsToEndFromEnvironment,
  vectorVariables,
  type ForgottenVectors,
  type VectorEnvironment,
  type VectorsToEnd,
} from "./vector-variables.ts";
export { livePassages } from "./adapters/protected/live-passages.ts";
