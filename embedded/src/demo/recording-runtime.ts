import type { ModelRequest, ModelRuntime } from "@cloister/service-enclave-inference";

/**
 * Remembers what a model was told. It exists in the demo's composition root alone: no service can be configured to
 * record.
 */
export class ModelRecorder {
  readonly requests: ModelRequest[] = [];

  /** The question of the request that comes next, if one comes. */
  readonly watch = (): (() => string | null) => {
    const before = this.requests.length;
    return () => (this.requests.length > before ? (this.requests.at(-1)?.question ?? null) : null);
  };

  readonly wrap = (runtime: ModelRuntime): ModelRuntime => ({
    answer: (request, signal) => {
      this.requests.push(request);
      return runtime.answer(request, signal);
    },
  });
}
