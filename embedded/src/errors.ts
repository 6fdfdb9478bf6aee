import { CodedError } from "@cloister/service";

/** Why `serve` did not start, or why its running file can't be used. */
export type EmbeddedErrorCode = "DATA_FOLDER_UNUSABLE" | "DATA_DIR_IN_USE" | "PORT_IN_USE" | "RUNNING_FILE_MALFORMED";

export class EmbeddedError extends CodedError<EmbeddedErrorCode> {}
