import type { Interceptor } from "@connectrpc/connect";
import { codeOf, type Log } from "@cloister/service";
import { KeysError, toConnectError } from "../errors.ts";

/** Callers get a code and nothing else; the log gets our own sentence. */
export function answerRefusals(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const fields = { method: request.method.name, code: codeOf(error), error };
      if (error instanceof KeysError) log.info("a call was refused", fields);
      else log.error("a call failed", fields);
      throw toConnectError(error);
    }
  };
}
