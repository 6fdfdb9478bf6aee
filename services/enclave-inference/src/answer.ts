import {
  finalAnswer,
  ModelError,
  type ModelAnswer,
  type ModelRequest,
  type ModelRuntime,
} from "./model/model-runtime.ts";

const attempts = 2;

/**
 * The runtime's answer. One that was rubbish or took too long is asked for once more: a model may be luckier.
 * @throws ModelError
 */
export async function answer(runtime: ModelRuntime, request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await finalAnswer(runtime, request, signal);
    } catch (error) {
      const mayPass = error instanceof ModelError && ["MODEL_MALFORMED", "MODEL_TIMEOUT"].includes(error.code);
      if (!mayPass || attempt === attempts) throw error;
    }
  }
}
