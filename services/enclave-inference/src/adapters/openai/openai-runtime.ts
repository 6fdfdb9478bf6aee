import OpenAI, { APIConnectionError, APIError } from "openai";
import {
  ModelError,
  type ModelAnswer,
  type ModelEvent,
  type ModelRuntime,
  type ModelSource,
} from "../../model/model-runtime.ts";
import { CitationResolver } from "./citations.ts";
import { loopbackFetch } from "./loopback-fetch.ts";
import { buildPrompt } from "./prompt.ts";

export interface OpenAiRuntimeOptions {
  /** For example `http://127.0.0.1:8080/v1`; a loopback address by number. */
  baseUrl: string;
  /** As the server names it. */
  model: string;
  /** For the whole answer. */
  timeoutMs: number;
  maxAnswerTokens: number;
  /** Of passages and turns together, in UTF-16 code units. */
  contextCharacters: number;
  /** Some servers want one, even on loopback. */
  apiKey?: string;
}

/** Answers by a model server that speaks OpenAI's chat completions, in the same image, over loopback. */
export function openAiRuntime(options: OpenAiRuntimeOptions): ModelRuntime {
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey ?? "none",
    organization: null,
    project: null,
    fetch: loopbackFetch,
    // The consumer repeats, with backoff; a second layer here would multiply the load of a server in trouble.
    maxRetries: 0,
    timeout: options.timeoutMs,
    // Its debug level prints prompts.
    logLevel: "off",
  });
  // Model servers know the old name of this limit; few know the one that OpenAI's own API has now.
  const sampling = { max_tokens: options.maxAnswerTokens, temperature: 0 };
  return {
    async *answer(request, signal): AsyncIterable<ModelEvent> {
      const ending = new Ending(signal, options.timeoutMs);
      const prompt = buildPrompt(request, options.contextCharacters);
      const citations = new CitationResolver(prompt.passages);
      let text = "";
      try {
        const chunks = await client.chat.completions.create(
          {
            model: options.model,
            messages: prompt.messages,
            ...sampling,
            stream: true,
          },
          { signal: ending.signal },
        );
        let isFinished = false;
        for await (const chunk of chunks) {
          const choice = chunk.choices[0];
          const piece = citations.push(choice?.delta.content ?? "");
          isFinished ||= typeof choice?.finish_reason === "string";
          if (piece === "") continue;
          text += piece;
          yield { kind: "text", text: piece };
        }
        // The client ends quietly when its signal fires in the middle of a stream.
        ending.signal.throwIfAborted();
        if (!isFinished) throw new ModelError("MODEL_UNAVAILABLE", "The model server broke off its answer.");
      } catch (error) {
        throw classified(error, ending);
      } finally {
        ending.release();
      }
      const rest = citations.end();
      if (rest !== "") yield { kind: "text", text: rest };
      yield { kind: "final", answer: toAnswer(text + rest, options.model, citations.sources) };
    },
  };
}

function toAnswer(answer: string, model: string, sources: readonly ModelSource[]): ModelAnswer {
  const text = answer.trim();
  if (text === "") throw new ModelError("MODEL_MALFORMED", "The model server gave an empty answer.");
  return { text, sources, model: `openai:${model}` };
}

/**
 * Ends one answer, by the caller's signal or after some time. Released with the answer: `AbortSignal.timeout` and `any`
 * hold whatever listens to them, the whole request, until the time is over.
 */
class Ending {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #giveUp = (): void => this.#end("caller");
  by: "caller" | "time" | undefined;

  constructor(caller: AbortSignal, timeoutMs: number) {
    this.#caller = caller;
    this.#timer = setTimeout(() => this.#end("time"), timeoutMs);
    caller.addEventListener("abort", this.#giveUp, { once: true });
    if (caller.aborted) this.#giveUp();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener("abort", this.#giveUp);
  }

  #end(by: "caller" | "time"): void {
    this.by ??= by;
    this.#controller.abort();
  }
}

/** The causes are dropped: messages of a client or a server may quote the prompt. */
function classified(error: unknown, { by }: Ending): ModelError {
  if (by === "caller") return new ModelError("MODEL_ABORTED", "The caller gave up waiting for the answer.");
  if (by === "time") return new ModelError("MODEL_TIMEOUT", "The model server gave no answer in the time allowed.");
  if (error instanceof ModelError) return error;
  if (error instanceof APIConnectionError) return unavailable();
  if (error instanceof APIError) return ofStatus(error.status);
  if (error instanceof SyntaxError || error instanceof TypeError) return malformed(error);
  return unavailable();
}

/** `fetch` and web streams report a broken connection as a TypeError too, with the system's error as its cause. */
function malformed(error: SyntaxError | TypeError): ModelError {
  if (error.cause !== undefined) return unavailable();
  return new ModelError("MODEL_MALFORMED", "The model server's answer is not of the chat-completions protocol.");
}

function unavailable(): ModelError {
  return new ModelError("MODEL_UNAVAILABLE", "The model server can't be reached, or broke the connection.");
}

function ofStatus(status: unknown): ModelError {
  if (typeof status !== "number") {
    return new ModelError("MODEL_UNAVAILABLE", "The model server reported an error in the middle of its answer.");
  }
  if (status >= 500 || status === 429 || status === 408) {
    return new ModelError("MODEL_UNAVAILABLE", `The model server failed with status ${String(status)}.`);
  }
  return new ModelError("MODEL_REFUSED", `The model server refused the request with status ${String(status)}.`);
}
