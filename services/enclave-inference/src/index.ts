export { extractiveRuntime } from "./adapters/extractive/extractive-runtime.ts";
export { openAiRuntime, type OpenAiRuntimeOptions } from "./adapters/openai/openai-runtime.ts";
export { codeFolder } from "./code-folder.ts";
export { inferenceErrors } from "./errors.ts";
export type { InferenceConfig, InferencePorts } from "./inference.ports.ts";
export type { Beat } from "./live/beat.ts";
export {
  ModelError,
  modelErrors,
  type ModelAnswer,
  type ModelErrorCode,
  type ModelEvent,
  type ModelPassage,
  type ModelRequest,
  type ModelRuntime,
  type ModelSource,
  type ModelTurn,
} from "./model/model-runtime.ts";
export { securityConfiguration, type ModelConfiguration, type ModelRuntimeName } from "./security-configuration.ts";
export { startInference } from "./start-inference.ts";
