import { addAbortListener } from "node:events";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ServiceError } from "@cloister/service";
import { ChannelCredential, DOOR_PROOF_HEADER, type Channel } from "./channel/channel.ts";
import { TlsConnection } from "./channel/tls-connection.ts";
import { createTlsIdentity, type TlsIdentity } from "./channel/tls-identity.ts";
import { KeyringError } from "./errors.ts";

export interface KeysAddress {
  /** `https://keys.internal:8090`; `http://` on loopback alone, within one process. */
  readonly url: string;
  /** The token of the one door that this caller may use. Over TLS it never leaves this process. */
  readonly credential: string;
  /** Bound of one call; 5 s. */
  readonly timeoutMs?: number;
  /** This process's side of TLS; a new one by default. */
  readonly tls?: TlsIdentity;
}

/** To one door of `keys`. */
export interface KeysTransport extends Transport {
  /** The TLS keys at both ends of the connection that the next call takes; missing without TLS. */
  readonly channel?: () => Promise<Channel>;
}

/** Keys don't get smaller, and are compressed beside nothing that somebody else chose. */
const notCompressed: [] = [];
const PING_EVERY_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;

/**
 * Connect's gRPC transport to one door of `keys`. It connects on first use and again after a failure.
 * @throws ServiceError CONFIG_INVALID for plain HTTP to another machine
 */
export function keysTransport(address: KeysAddress): KeysTransport {
  const { url, credential, timeoutMs, tls } = address;
  // A stream has nothing to say for minutes: without these nobody would learn that its other end is gone.
  const keepAlive = { pingIntervalMs: PING_EVERY_MS, pingTimeoutMs: PING_TIMEOUT_MS };
  const shared = { baseUrl: url, defaultTimeoutMs: timeoutMs ?? 5_000, acceptCompression: notCompressed };
  if (!url.startsWith("https:")) {
    requireLoopback(url);
    return createGrpcTransport({ ...shared, ...keepAlive, interceptors: [bearing(credential)] });
  }
  const shown = new ChannelCredential(credential);
  const connection = new TlsConnection(url, tls ?? createTlsIdentity(), shown, keepAlive);
  const channel = (): Promise<Channel> => connection.channel();
  const transport = createGrpcTransport({
    ...shared,
    sessionManager: connection,
    interceptors: [requireProof(shown, channel)],
  });
  return Object.assign(transport, { channel });
}

/** True for a URL of this very machine. */
export function isLoopbackUrl(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/u.test(new URL(url).hostname);
}

function requireLoopback(url: string): void {
  if (isLoopbackUrl(url)) return;
  throw new ServiceError(
    "CONFIG_INVALID",
    `keys is reached in the clear on this machine alone: give https for ${url}.`,
  );
}

function bearing(credential: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${credential}`);
    return next(request);
  };
}

/** An answer counts from whoever knows the door's credential, too. A refusal needs no proof: anybody could withhold. */
function requireProof(credential: ChannelCredential, channel: () => Promise<Channel>): Interceptor {
  return (next) => async (request) => {
    const used = await untilAborted(channel(), request.signal);
    const response = await next(request);
    if (credential.isProof(response.header.get(DOOR_PROOF_HEADER) ?? "", used)) return response;
    if (!response.stream) throw ofNobodyKnown();
    return { ...response, message: refusalsOf(response.message) };
  };
}

/** As `work`, for no longer than the call may take. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const listener = addAbortListener(signal, () => reject(ConnectError.from(signal.reason, Code.DeadlineExceeded)));
    work.then(resolve, reject).finally(() => listener[Symbol.dispose]());
  });
}

/** A stream says that it was refused in its end, after its header. */
async function* refusalsOf<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  const first = await messages[Symbol.asyncIterator]().next();
  if (first.done !== true) throw ofNobodyKnown();
}

function ofNobodyKnown(): ConnectError {
  const cause = new KeyringError("KEYS_NOT_TRUSTED", "Whoever answered does not know the door's credential.");
  return new ConnectError(cause.message, Code.Unauthenticated, undefined, undefined, cause);
}
