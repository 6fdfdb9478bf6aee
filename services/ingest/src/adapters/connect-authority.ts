import { AuthorityService } from "@cloister/contracts/keys/authority";
import { readKeysErrorCode } from "@cloister/contracts/keys/errors";
import { ProblemError } from "@cloister/service";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";

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
  const status = httpStatus(error.code);
  const code = readKeysErrorCode(error.metadata);
  if (status === undefined || code === undefined) {
    return problem("AUTHORITY_UNAVAILABLE", "The key service is not available. Send the same request again.");
  }
  return new ProblemError(code, status, `The key service refused the request with ${code}.`);
}

/** Undefined for what is no refusal of this request: the service is down, busy or broken. */
function httpStatus(code: Code): number | undefined {
  switch (code) {
    case Code.InvalidArgument:
      return 400;
    case Code.PermissionDenied:
    case Code.Unauthenticated:
      return 403;
    case Code.NotFound:
      return 404;
    case Code.AlreadyExists:
      return 409;
    case Code.FailedPrecondition:
      return 422;
    default:
      return undefined;
  }
}
