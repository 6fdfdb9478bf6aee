import { createHash, timingSafeEqual } from "node:crypto";
import type { Interceptor } from "@connectrpc/connect";
import { KeysError } from "../errors.ts";

const SCHEME = "Bearer ";

/** Lets a call through that carries the door's own token: a caller of one door can't use another. */
export function requireCredential(token: string): Interceptor {
  const expected = digest(token);
  return (next) => (request) => {
    const header = request.header.get("authorization") ?? "";
    const isGiven = header.startsWith(SCHEME) && timingSafeEqual(digest(header.slice(SCHEME.length)), expected);
    if (!isGiven) throw new KeysError("UNAUTHENTICATED", "A call came without the credential of its door.");
    return next(request);
  };
}

/** Digests have one length, so that the comparison takes one time. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
