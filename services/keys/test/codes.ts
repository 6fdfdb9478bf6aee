import { KeysError, KmsError } from "@cloister/service-keys";

/** The code that was thrown, or "done". */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return "done";
  } catch (error) {
    return codeOfError(error);
  }
}

/** The code that was thrown in the end, or "done". */
export async function codeOfAsync(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return codeOfError(error);
  }
}

function codeOfError(error: unknown): string {
  if (error instanceof KeysError || error instanceof KmsError) return error.code;
  throw error;
}
