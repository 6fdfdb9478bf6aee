import { CodedError } from "@cloister/service";

export type InferenceErrorCode =
  /** The policy asks for a model in a place that this instance can't prove to be. */
  "MODEL_LOCALITY";

export class InferenceError extends CodedError<InferenceErrorCode> {}
