/** Why text could not be worked on. Closed: callers switch on it exhaustively. */
export const piiErrors = {
  BAD_SPAN: {
    title: "A span lies outside the text, is empty or is reversed",
    remedy: "Give offsets in UTF-16 code units of the same text.",
  },
  BAD_ENTRY: {
    title: "A stored map entry is not in the form that this library writes",
    remedy: "Restore the entry; nothing is guessed from a damaged one.",
  },
  BAD_MODEL: {
    title: "The names model does not fit this version",
    remedy: "Train it with the script of this version.",
  },
} as const;

export type PiiErrorCode = keyof typeof piiErrors;

/** The only error this library throws. Its message never holds text that was looked at. */
export class PiiError extends Error {
  readonly code: PiiErrorCode;

  constructor(code: PiiErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.name = "PiiError";
  }
}
