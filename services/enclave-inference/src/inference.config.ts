import { keyringVariables, machineVariables } from "@cloister/keyring/machine";
import { logVariables, parkingVariables } from "@cloister/messaging";
import { operationsVariables } from "@cloister/messaging/operations";
import { vectorVariables } from "@cloister/retrieval";
import { defineConfig, portNumber, secretVariable, variable, type ConfigFrom } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { redisVariables } from "@cloister/storage/redis";
import { z } from "zod";
import { isLoopbackUrl } from "./adapters/openai/loopback-fetch.ts";
import { modelRuntimeNames } from "./security-configuration.ts";

const loopback = z.string().refine(isLoopbackUrl, "it must be plain HTTP on a loopback address by number");

/** Every environment variable that enclave-inference reads. */
export const inferenceConfig = defineConfig({
  host: variable("CLOISTER_INFERENCE_HOST", z.string().min(1), {
    description: "Address that health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_INFERENCE_PORT", portNumber, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8083",
  }),
  ...databaseVariables("the schema of inference (sealed turns) and embedding's view of sealed passages"),
  ...vectorVariables,
  ...keyringVariables,
  ...machineVariables,
  gpuClaimsFolder: variable("CLOISTER_GPU_CLAIMS_FOLDER", z.string().min(1).optional(), {
    description: "Folder in which the image's agent answers with claims about its GPUs (docs/attestation.md)",
  }),
  ...parkingVariables,
  ...logVariables,
  ...operationsVariables,
  ...redisVariables,
  runtime: variable("CLOISTER_INFERENCE_RUNTIME", z.enum(modelRuntimeNames), {
    description: "What answers: extractive (sentences of the sources, no model) or openai (a model server)",
    default: "extractive",
  }),
  modelUrl: variable("CLOISTER_INFERENCE_MODEL_URL", loopback.optional(), {
    description: "Of the runtime openai: the server's base URL, such as http://127.0.0.1:8000/v1",
  }),
  modelName: variable("CLOISTER_INFERENCE_MODEL", z.string().min(1).optional(), {
    description: "Of the runtime openai: the model's name as the server knows it",
  }),
  modelApiKey: secretVariable("CLOISTER_INFERENCE_MODEL_API_KEY", z.string().min(1).optional(), {
    description: "Of the runtime openai: a key, for servers that want one",
  }),
  modelTimeoutMs: variable("CLOISTER_INFERENCE_MODEL_TIMEOUT_MS", z.coerce.number().int().min(100).max(600_000), {
    description: "Of the runtime openai: time allowed for a whole answer, in milliseconds",
    default: "120000",
  }),
  maxAnswerTokens: variable("CLOISTER_INFERENCE_MAX_ANSWER_TOKENS", z.coerce.number().int().min(16).max(32_768), {
    description: "Of the runtime openai: an answer's greatest length, in tokens",
    default: "1024",
  }),
  contextCharacters: variable("CLOISTER_INFERENCE_CONTEXT_CHARACTERS", z.coerce.number().int().min(0).max(1_000_000), {
    description: "Of the runtime openai: turns and passages in a prompt, in characters",
    default: "24000",
  }),
  maxConcurrentAnswers: variable("CLOISTER_INFERENCE_MAX_CONCURRENT_ANSWERS", z.coerce.number().int().min(1).max(64), {
    description: "How many questions are before the model at once",
    default: "4",
  }),
});

export type InferenceEnvironment = ConfigFrom<typeof inferenceConfig>;
