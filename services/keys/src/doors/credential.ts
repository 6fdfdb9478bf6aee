import type { Interceptor } from "@connectrpc/connect";
import { TokenDigest } from "@cloister/service";
import { KeysError } from "../errors.ts";

const SCHEME = "Bearer ";

/** Lets a call through that carries the door's own token: a caller of one door can't use another. */
export function requireCredential(token: string): Interceptor {
  const expected = new TokenDigest(token);
  return (next) => (request) => {
    const header = request.header.get("authorization") ?? "";
    const isGiven = header.startsWith(SCHEME) && expected.matches(header.slice(SCHEME.length));
    if (!isGiven) throw new KeysError("UNAUTHENTICATED", "A call came without the credential of its door.");
    return next(request);
  };
}
