import type { ModelRequest, ModelRuntime } from "@cloister/service-enclave-inference";

/**
 * Remembers what a model was told. It exists in the demo's composition root alone: no service can be configured to
 * record.
 */
export class ModelRecorder {
  readonly requests: ModelRequest[] = [];

  readonly wrap = (runtime: ModelRuntime): ModelRuntime => ({
    answer: (request, signal) => {
      this.requests.push(request);
      return runtime.answer(request, signal);
    },
  });
}
