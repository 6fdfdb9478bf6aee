import { CodedError } from "@cloister/service";

export type InferenceErrorCode =
  /** Pinned to a newer policy than the one known here: it waits. */
  | "POLICY_STALE"
  /** The policy asks for a model in a place that this instance can't prove to be. */
  | "MODEL_LOCALITY";

export class InferenceError extends CodedError<InferenceErrorCode> {}
