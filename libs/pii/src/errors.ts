export type PiiErrorCode =
  /** A span lies outside the text, is empty or is reversed. */
  | "BAD_SPAN"
  /** A stored map entry does not have the form that this library writes. */
  | "BAD_ENTRY"
  /** The names model's artefact does not fit this version of the library. */
  | "BAD_MODEL";

/** The only error this library throws. Its message never holds text that was looked at. */
export class PiiError extends Error {
  readonly code: PiiErrorCode;

  constructor(code: PiiErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.name = "PiiError";
  }
}
