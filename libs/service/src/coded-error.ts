/**
 * Base of the error classes of our server-side libraries and services. Its message is our own sentence, free of
 * plaintext, keys and personal data, so a log may print it; of any other error a log prints the code at most.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** True when an engine is down: try again later, nothing is wrong with the request itself. HTTP answers 503. */
  get isUnavailable(): boolean {
    return false;
  }
}

/** What stands for an error that has no code of ours. */
export const unexpectedError = {
  UNEXPECTED: {
    title: "Something failed that nobody foresaw",
    remedy: "Report it: it is a defect. The log has the kind of error, never its text.",
  },
} as const;

const CODE = /^[A-Z0-9][A-Z0-9_]{1,63}$/;

/** The code of any thrown value, ours or a driver's, or `UNEXPECTED` when it has none that is safe to print. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "UNEXPECTED";
  return typeof error.code === "string" && CODE.test(error.code) ? error.code : "UNEXPECTED";
}
