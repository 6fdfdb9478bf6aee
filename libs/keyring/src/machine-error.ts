import { AttestationError, type AttestationErrorCode } from "@cloister/attestation";
import { CodedError } from "@cloister/service";

/** A machine that gives no evidence, or none that counts: the service doesn't start. */
export class MachineError extends CodedError<AttestationErrorCode> {}

/** Runs what asks the machine for evidence. @throws MachineError with the code and sentence of an AttestationError */
export async function refusingMachine<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw new MachineError(cause.code, cause.message);
  }
}
