import { AttestationError, type AttestationErrorCode } from "@cloister/attestation";

/** The code that an action is refused with; undefined if it isn't. Other errors are bugs and pass on. */
export function refusalOf(action: () => unknown): AttestationErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

/** The same for an action that waits. */
export async function laterRefusalOf(action: () => Promise<unknown>): Promise<AttestationErrorCode | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}
