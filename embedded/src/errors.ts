import { CodedError } from "@cloister/service";

/** Why `serve` did not start, or why its running file can't be used. */
export const embeddedErrors = {
  DATA_FOLDER_UNUSABLE: {
    title: "The data folder can't be made, read or written",
    remedy: "Give --data a folder that is yours and can be written.",
  },
  DATA_DIR_IN_USE: {
    title: "Another `cloister serve` has the data folder open",
    remedy: "Stop that one, or give --data another folder.",
  },
  PORT_IN_USE: {
    title: "The port is taken",
    remedy: "Stop what listens there, or give --port another one; 0 picks a free one.",
  },
  RUNNING_FILE_MALFORMED: {
    title: "The running file was not written by this version",
    remedy: "Restart `cloister serve` with this version.",
  },
} as const;

export type EmbeddedErrorCode = keyof typeof embeddedErrors;

export class EmbeddedError extends CodedError<EmbeddedErrorCode> {}
