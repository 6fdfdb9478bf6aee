import { AttestationError } from "../../errors.ts";

export function gpuError(what: string, cause?: unknown): AttestationError {
  return new AttestationError("GPU_NOT_ATTESTED", `The claims about the GPU don't count: ${what}.`, { cause });
}
