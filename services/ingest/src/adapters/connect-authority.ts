import { AuthorityService } from "@cloister/contracts/keys/authority";
import { httpStatusOfKeysError, keysErrors, readKeysErrorCode } from "@cloister/contracts/keys/errors";
import { ProblemError } from "@cloister/service";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";

import type { Authority } from "../authority/authority.ts";
import { problem } from "../ingest.problems.ts";

const callTimeoutMs = 5_000;

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
  };
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw refusalOf(ConnectError.from(error));
  }
}

/** A refusal keeps the stable code of `keys`; what it says beside the code stays inside. */
function refusalOf(error: ConnectError): ProblemError {
  const code = readKeysErrorCode(error.metadata);
  const status = code === undefined ? undefined : httpStatusOfKeysError(code);
  if (code === undefined || status === undefined) {
    return problem("AUTHORITY_UNAVAILABLE", "The key service is not available. Send the same request again.");
  }
  const { title, remedy } = keysErrors[code];
  return new ProblemError(code, status, `${title}. ${remedy}`, status === 503 ? { "retry-after": "1" } : {}, title);
}
