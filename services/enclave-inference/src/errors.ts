import { CodedError } from "@cloister/service";

/** Why a message is not given to a model. Closed: callers switch on it exhaustively. */
export const inferenceErrors = {
  MODEL_LOCALITY: {
    title: "The policy asks for a model in a place that this instance can't prove to be",
    remedy: "Use a deployment with the attested hardware that the policy names.",
  },
} as const;

export type InferenceErrorCode = keyof typeof inferenceErrors;

export class InferenceError extends CodedError<InferenceErrorCode> {}
