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
    title: "A names model can't be used; the message says why",
    remedy: "Train the library's own with the script of this version; correct the folder of one that was brought.",
  },
  BAD_PATTERN: {
    title: "A custom pattern can't be taken; the message names it and says why",
    remedy: "Correct the pattern: RE2's syntax, repeats with an upper bound, 512 characters at most.",
  },
  TOO_MANY_MATCHES: {
    title: "Custom patterns match in more places of one text than can be looked through in bounded time",
    remedy: "Make the pattern match less, or cut the text into parts.",
  },
  TEXT_TOO_LONG: {
    title: "The text is longer than a names model that was brought reads, or reads in the time there is",
    remedy: "Cut the text into parts.",
  },
  BAD_LIST: {
    title: "A hashed list or an entry of it does not have its form",
    remedy: "Make the entries with `cloister redact hash`, all with one salt.",
  },
  REFUSED_ENTITY: {
    title: "The text holds a kind of data that may not be sent; the message names the kind",
    remedy: "Take the data out of the text, or the refusal out of the policy.",
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
