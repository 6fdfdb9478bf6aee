import { KeysError } from "@cloister/service-keys";

/** The code that was thrown, or "done". */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return "done";
  } catch (error) {
    if (error instanceof KeysError) return error.code;
    throw error;
  }
}

/** The code that was thrown in the end, or "done". */
export async function codeOfAsync(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (error instanceof KeysError) return error.code;
    throw error;
  }
}
