import type { Interceptor } from "@connectrpc/connect";
import { ChannelCredential, DOOR_PROOF_HEADER } from "@cloister/keyring";
import { TokenDigest } from "@cloister/service";
import { KeysError } from "../errors.ts";
import { callerKey } from "./caller.ts";

const SCHEME = "Bearer ";

/**
 * Lets a call through that carries the door's own token: a caller of one door can't use another. Over TLS the token
 * itself is never sent: what is shown counts on that one connection, and so does our answer's proof.
 */
export function requireCredential(token: string, isTls: boolean): Interceptor {
  const expected = new TokenDigest(token);
  const shown = new ChannelCredential(token);
  return (next) => async (request) => {
    const header = request.header.get("authorization") ?? "";
    const { channel } = request.contextValues.get(callerKey);
    const isGiven = isTls
      ? channel !== undefined && shown.isAuthorized(header, channel)
      : header.startsWith(SCHEME) && expected.matches(header.slice(SCHEME.length));
    if (!isGiven) throw new KeysError("UNAUTHENTICATED", "A call came without the credential of its door.");
    const response = await next(request);
    if (channel !== undefined) response.header.set(DOOR_PROOF_HEADER, shown.proof(channel));
    return response;
  };
}
