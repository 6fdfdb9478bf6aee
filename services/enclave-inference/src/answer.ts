import type { Guarded } from "./guard/guard.ts";
import type { LiveAnswer } from "./live/live-answer.ts";
import {
  finalAnswer,
  ModelError,
  type ModelAnswer,
  type ModelRequest,
  type ModelRuntime,
} from "./model/model-runtime.ts";

const attempts = 2;

export interface AnswerSteps {
  /** Begins to show an attempt, counted from 0. */
  readonly watch: (attempt: number) => Promise<LiveAnswer>;
  /** What of the answer may leave the enclave. */
  readonly guard: (text: string) => Guarded;
}

export interface Answered {
  /** As the runtime gave it. */
  readonly given: ModelAnswer;
  readonly guarded: Guarded;
}

/**
 * The runtime's answer, shown as it comes. One that was rubbish or took too long is asked for once more: a model may be
 * luckier. Readers watch each attempt on its own.
 * @throws ModelError
 */
export async function answer(
  runtime: ModelRuntime,
  request: ModelRequest,
  { watch, guard }: AnswerSteps,
  signal: AbortSignal,
): Promise<Answered> {
  for (let attempt = 0; ; attempt += 1) {
    const live = await watch(attempt);
    try {
      const given = await finalAnswer(runtime, request, signal, (text) => live.say(text));
      const guarded = guard(given.text);
      live.end(guarded.text);
      return { given, guarded };
    } catch (error) {
      live.cut();
      const mayPass = error instanceof ModelError && ["MODEL_MALFORMED", "MODEL_TIMEOUT"].includes(error.code);
      if (!mayPass || attempt + 1 === attempts) throw error;
    }
  }
}
