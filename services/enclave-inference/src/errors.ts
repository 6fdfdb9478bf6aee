import { CodedError } from "@cloister/service";

export type InferenceErrorCode =
  /** The event or what is inside its envelope does not have the form that its stage demands. */
  | "MALFORMED"
  /** An envelope of another stage, or of another conversation than its record's key. */
  | "WRONG_STAGE"
  /** Pinned to a newer policy than the one known here: it waits. */
  | "POLICY_STALE"
  /** The policy asks for a model in a place that this instance can't prove to be. */
  | "MODEL_LOCALITY";

export class InferenceError extends CodedError<InferenceErrorCode> {}
