import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

export interface KeysAddress {
  /** `http://127.0.0.1:port` of the gRPC port of `keys`. */
  readonly url: string;
  /** The token of the one door that this caller may use. */
  readonly credential: string;
  /** Bound of one call; 5 s. */
  readonly timeoutMs?: number;
}

const PING_EVERY_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;

/** Connect's gRPC transport to one door of `keys`. It connects on first use and again after a failure. */
export function keysTransport({ url, credential, timeoutMs }: KeysAddress): Transport {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${credential}`);
    return next(request);
  };
  return createGrpcTransport({
    baseUrl: url,
    interceptors: [authorize],
    defaultTimeoutMs: timeoutMs ?? 5_000,
    // A stream has nothing to say for minutes: without these nobody would learn that its other end is gone.
    pingIntervalMs: PING_EVERY_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
  });
}
