import type { Interceptor } from "@connectrpc/connect";
import { idToHex } from "@cloister/envelope";
import { codeOf, type Audit, type Log } from "@cloister/service";
import { KeysError, toConnectError } from "../errors.ts";

/** Callers get a code and nothing else; the log gets our own sentence, and a refusal is audited. */
export function answerRefusals(log: Log, audit: Audit): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const { name: method } = request.method;
      const fields = { method, code: codeOf(error), error };
      if (error instanceof KeysError && error.code === "TOO_MANY_CALLS") {
        // Whoever calls too often does not fill the log with it, either.
        audit.refusedRequest({ at: method, code: error.code, ...idsOf(request.message) });
      } else if (error instanceof KeysError && !error.isUnavailable) {
        audit.refused({ at: method, code: error.code, ...idsOf(request.message) });
        log.info("a call was refused", fields);
      } else log.error("a call failed", fields);
      throw toConnectError(error);
    }
  };
}

/** The opaque ids that a request names, whatever it asks for. */
function idsOf(message: object): Partial<Record<"tenantId" | "conversationId", string>> {
  const ids: Partial<Record<"tenantId" | "conversationId", string>> = {};
  for (const name of ["tenantId", "conversationId"] as const) {
    const id: unknown = Reflect.get(message, name);
    if (id instanceof Uint8Array && id.length === 16) ids[name] = idToHex(id);
  }
  return ids;
}
