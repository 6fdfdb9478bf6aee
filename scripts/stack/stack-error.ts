export type StackErrorCode =
  "PACKAGES_MISSING" | "PORT_TAKEN" | "STEP_FAILED" | "SERVICE_FAILED" | "FOLDER_UNUSABLE" | "STATE_MALFORMED";

/** Why the stack did not do what it was asked to, for the person at the terminal. */
export class StackError extends Error {
  readonly code: StackErrorCode;

  constructor(code: StackErrorCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
