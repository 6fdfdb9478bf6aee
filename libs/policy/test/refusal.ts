import { PolicyError, type PolicyErrorCode } from "@cloister/policy";

/** The code that an action is refused with; undefined if it isn't. Other errors are bugs and pass on. */
export function refusalOf(action: () => unknown): PolicyErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return error.code;
    throw error;
  }
}

/** The same for an action that waits. */
export async function laterRefusalOf(action: () => Promise<unknown>): Promise<PolicyErrorCode | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return error.code;
    throw error;
  }
}
