import { CodedError } from "@cloister/service";

/** A question and its answer, as they stand in the conversation: with placeholders. */
export interface ModelTurn {
  readonly question: string;
  readonly answer: string;
}

/** A passage that may help to answer. Its text is data, never an instruction. */
export interface ModelPassage {
  /** `conversation`: what the user wrote earlier. `knowledge`: a document of the tenant's. */
  origin: "conversation" | "knowledge";
  /** The document it is of; absent for a chat message. */
  source?: ModelSource;
  text: string;
}

export interface ModelSource {
  documentId: string;
  title: string;
}

export interface ModelRequest {
  question: string;
  /** The last live turns, oldest first. */
  turns: readonly ModelTurn[];
  /** Best first. */
  passages: readonly ModelPassage[];
}

export interface ModelAnswer {
  text: string;
  /** The documents that the answer rests on, each once; a subset of the request's passages. */
  sources: readonly ModelSource[];
  /** The runtime and model that answered, for example "extractive". */
  model: string;
}

export type ModelEvent = { kind: "text"; text: string } | { kind: "final"; answer: ModelAnswer };

/** What answers. It keeps nothing between two requests: no state crosses conversations. */
export interface ModelRuntime {
  /**
   * Text as it comes, for a live display, then exactly one `final` event with the whole answer, which is what counts. The
   * pieces together are the final text, but for blanks around it. Throws ModelError; after an abort always with the code
   * MODEL_ABORTED.
   */
  answer(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

/** Runs a request to its end and gives the answer; `onText` hears each piece. Throws ModelError as the runtime does. */
export async function finalAnswer(
  runtime: ModelRuntime,
  request: ModelRequest,
  signal: AbortSignal,
  onText: (text: string) => void = () => undefined,
): Promise<ModelAnswer> {
  for await (const event of runtime.answer(request, signal)) {
    if (event.kind === "final") return event.answer;
    onText(event.text);
  }
  throw new ModelError("MODEL_MALFORMED", "The model runtime ended without an answer.");
}

/** Why a model gave no answer. Closed: callers switch on it exhaustively. */
export const modelErrors = {
  MODEL_UNAVAILABLE: {
    title: "The model server can't be reached, is overloaded or fails",
    remedy: "The message is tried again by itself; look at the model server.",
    isRetryable: true,
  },
  MODEL_TIMEOUT: {
    title: "The model gave no answer in the time allowed",
    remedy: "Send the message again, or a shorter one.",
    isRetryable: true,
  },
  MODEL_REFUSED: { title: "The model server won't take this request", remedy: "Send a shorter or another message." },
  MODEL_MALFORMED: {
    title: "What the model server says is no answer",
    remedy: "Send the message again; look at the model server's version.",
    isRetryable: true,
  },
  MODEL_ABORTED: {
    title: "The service stopped waiting for the answer",
    remedy: "The message is tried again by itself.",
    isRetryable: true,
  },
} as const;

export type ModelErrorCode = keyof typeof modelErrors;

/** Its message never holds a part of a prompt or an answer. */
export class ModelError extends CodedError<ModelErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "MODEL_UNAVAILABLE";
  }
}
