import { AttestationError } from "@cloister/attestation";

/** Why a source gave no evidence; undefined if it did. Other errors are bugs and pass on. */
export async function sourceFaultOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof AttestationError && error.code === "EVIDENCE_UNAVAILABLE") return error.fault;
    throw error;
  }
}
