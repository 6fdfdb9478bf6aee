import { AttestationError } from "../../errors.ts";

export function nitroMalformed(what: string, cause?: unknown): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", `The Nitro document is not in its format: ${what}.`, { cause });
}
