import { ServiceError } from "@cloister/service";
import { extractiveRuntime } from "./adapters/extractive/extractive-runtime.ts";
import { openAiRuntime } from "./adapters/openai/openai-runtime.ts";
import type { InferenceEnvironment } from "./inference.config.ts";
import type { ModelRuntime } from "./model/model-runtime.ts";
import type { ModelConfiguration } from "./security-configuration.ts";

export interface ConfiguredModel {
  readonly runtime: ModelRuntime;
  /** Part of the evidence. */
  readonly choices: ModelConfiguration;
}

/** The model runtime that the environment names. @throws ServiceError CONFIG_INVALID when `openai` lacks its server */
export function configuredModel(config: InferenceEnvironment): ConfiguredModel {
  switch (config.runtime) {
    case "extractive":
      return { runtime: extractiveRuntime(), choices: { runtime: "extractive" } };
    case "openai":
      return modelServer(config);
  }
}

function modelServer(config: InferenceEnvironment): ConfiguredModel {
  const { modelUrl: baseUrl, modelName: model } = config;
  if (baseUrl === undefined || model === undefined) {
    const missing = "the runtime openai needs CLOISTER_INFERENCE_MODEL_URL and CLOISTER_INFERENCE_MODEL";
    throw new ServiceError("CONFIG_INVALID", missing);
  }
  const { modelTimeoutMs: timeoutMs, maxAnswerTokens, contextCharacters } = config;
  const apiKey = config.modelApiKey.reveal();
  const options = { baseUrl, model, timeoutMs, maxAnswerTokens, contextCharacters };
  return {
    runtime: openAiRuntime({ ...options, ...(apiKey !== undefined && { apiKey }) }),
    choices: { runtime: "openai", modelServer: { baseUrl, model } },
  };
}
