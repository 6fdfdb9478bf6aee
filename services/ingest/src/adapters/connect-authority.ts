import { AuthorityService } from "@cloister/contracts/keys/authority";
import { httpStatusOfKeysError, keysErrors, readKeysErrorCode } from "@cloister/contracts/keys/errors";
import { ProblemError } from "@cloister/service";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";

import type { Authority } from "../authority/authority.ts";
import { problem } from "../ingest.problems.ts";

const callTimeoutMs = 5_000;
const MAX_RETRY_AFTER_S = 60;

/** `keys` over Connect; the transport decides the protocol (gRPC between processes, a router inside one). */
export function connectAuthority(transport: Transport): Authority {
  const client = createClient(AuthorityService, transport);
  const options = { timeoutMs: callTimeoutMs };
  return {
    applyPolicy: (request) => answered(client.applyPolicy(request, options)),
    getPolicy: (request) => answered(client.getPolicy(request, options)),
    openConversation: (request) => answered(client.openConversation(request, options)),
    renewConversation: (request) => answered(client.renewConversation(request, options)),
    listInstances: (request) => answered(client.listInstances(request, options)),
    beginUnlock: (request) => answered(client.beginUnlock(request, options)),
    unlock: (request) => answered(client.unlock(request, options)),
    rotateKeys: (request) => answered(client.rotateKeys(request, options)),
    destroyKek: (request) => answered(client.destroyKek(request, options)),
  };
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw refusalOf(ConnectError.from(error));
  }
}

/** A refusal keeps the stable code of `keys` and when to come again; what it says beside stays inside. */
function refusalOf(error: ConnectError): ProblemError {
  const code = readKeysErrorCode(error.metadata);
  const status = code === undefined ? undefined : httpStatusOfKeysError(code);
  const headers = retryAfterOf(error.metadata);
  if (code === undefined || status === undefined) {
    return problem("AUTHORITY_UNAVAILABLE", "The key service is not available. Send the same request again.", headers);
  }
  const { title, remedy } = keysErrors[code];
  const answerHeaders = status === 503 ? { "retry-after": "1", ...headers } : headers;
  return new ProblemError(code, status, `${title}. ${remedy}`, answerHeaders, title);
}

/** As `keys` says it to whoever calls too often: whole seconds, up to a minute. */
function retryAfterOf(metadata: Headers): Readonly<Record<string, string>> {
  const seconds = metadata.get("retry-after") ?? "";
  return /^[1-9]\d{0,3}$/u.test(seconds) ? { "retry-after": String(Math.min(MAX_RETRY_AFTER_S, Number(seconds))) } : {};
}
