import { AttestationError } from "../errors.ts";

/** Why a source gave no evidence. Closed: operators look for them in logs. */
export type SourceFault =
  | "DEVICE_MISSING"
  | "DEVICE_DENIED"
  | "DEVICE_BUSY"
  | "DEVICE_REFUSED"
  | "SEVERAL_DEVICES"
  | "OTHER_HARDWARE"
  | "CONCURRENT_WRITER"
  | "ANSWER_MALFORMED"
  | "COLLATERAL_MISSING"
  | "ADDON_MISSING";

/** EVIDENCE_UNAVAILABLE with its fault; the message says what to do. */
export function unavailable(fault: SourceFault, message: string, cause?: unknown): AttestationError {
  return new AttestationError("EVIDENCE_UNAVAILABLE", message, { fault, cause });
}

/** The code of a failed system call, as ENOENT; undefined of other errors. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("errno" in error && "code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
