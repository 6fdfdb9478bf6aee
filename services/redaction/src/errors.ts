import { CodedError } from "@cloister/service";

/** Why redaction passes a message on to nobody. Closed: callers switch on it exhaustively. */
export const redactionErrors = {
  MALFORMED: {
    title: "What is inside the envelope does not have the form that its stage demands",
    remedy: "Seal with the SDK of this version.",
  },
  WRONG_STAGE: {
    title: "An envelope of another stage than its topic or table is for",
    remedy: "Clients send envelopes of stage INBOUND only.",
  },
  REPLAYED: {
    title: "This sender_seq was seen before, or lies too far behind to tell",
    remedy: "Seal the text anew: the SDK counts by itself. Two devices must not share one signing key.",
  },
  REDACTION_LEAK: {
    title: "Personal data was still there after redaction, so nothing was passed on",
    remedy: "Write the text differently, and report the kind of data: it is a defect.",
  },
  REGULATED_DATA_BLOCKED: {
    title: "The policy asks for a kind of data, a pattern, a list or a depth that this build doesn't have",
    remedy: "The sentence names it: correct the policy's `redact` or `redaction`, or run a build that has it.",
  },
  MODEL_UNUSABLE: {
    title: "The names model of CLOISTER_REDACTION_ONNX_MODEL can't be loaded, so the service did not start",
    remedy: "The sentence says what is wrong: correct the folder, install the runtime, or run without a model.",
  },
  BATCH_TOO_LONG: {
    title: "The batch takes longer than its keys may last",
    remedy: "It is done in halves by itself.",
    isRetryable: true,
  },
} as const;

export type RedactionErrorCode = keyof typeof redactionErrors;

export class RedactionError extends CodedError<RedactionErrorCode> {}

/** What a reader is told of a message that was worked on all the same. */
export const redactionStatuses = {
  SEQUENCE_GAP: {
    title: "Messages of the sender before this one never arrived",
    remedy: "Ask the sender to look what was sent: whoever runs the system may have dropped a message.",
  },
} as const;
