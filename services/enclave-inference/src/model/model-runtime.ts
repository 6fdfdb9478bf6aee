import { CodedError } from "@cloister/service";

/** A question and its answer, as they stand in the conversation: with placeholders. */
export interface ModelTurn {
  question: string;
  answer: string;
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
   * Text as it comes (best effort, for a live display), then exactly one `final` event with the whole answer, which is
   * what counts. Throws ModelError; after an abort always with the code MODEL_ABORTED.
   */
  answer(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

/** Runs a request to its end and gives the answer alone. Throws ModelError as the runtime does. */
export async function finalAnswer(
  runtime: ModelRuntime,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  for await (const event of runtime.answer(request, signal)) {
    if (event.kind === "final") return event.answer;
  }
  throw new ModelError("MODEL_MALFORMED", "The model runtime ended without an answer.");
}

/**
 * MODEL_UNAVAILABLE: the server can't be reached, is overloaded or fails. MODEL_TIMEOUT: no answer in the time allowed.
 * MODEL_REFUSED: it won't take this request, and won't take it again. MODEL_MALFORMED: what it says is no answer.
 * MODEL_ABORTED: the caller gave up.
 */
export type ModelErrorCode =
  "MODEL_UNAVAILABLE" | "MODEL_TIMEOUT" | "MODEL_REFUSED" | "MODEL_MALFORMED" | "MODEL_ABORTED";

/** Its message never holds a part of a prompt or an answer. */
export class ModelError extends CodedError<ModelErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "MODEL_UNAVAILABLE";
  }
}
