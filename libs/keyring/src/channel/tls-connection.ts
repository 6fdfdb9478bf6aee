import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { peerKeyHash, type Channel, type ChannelCredential } from "./channel.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** How a connection is kept, in milliseconds. */
export interface KeepAlive {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

const DEFAULT_PORT = 443;
/** Whoever listens and doesn't answer is given up, and tried again by the next call. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * One HTTP/2 connection to `keys` over TLS 1.3, made on first use and again after a failure. Each call shows the door's
 * credential as it counts on this connection.
 */
export class TlsConnection implements Pick<Http2SessionManager, "authority" | "request" | "notifyResponseByteRead"> {
  readonly authority: string;
  readonly #inner: Http2SessionManager;
  readonly #identity: TlsIdentity;
  readonly #credential: ChannelCredential;
  /** Of the newest connection, once its handshake is over. */
  #server: Uint8Array | undefined;

  constructor(url: string, identity: TlsIdentity, credential: ChannelCredential, keepAlive: KeepAlive) {
    const address = new URL(url);
    this.authority = address.origin;
    this.#identity = identity;
    this.#credential = credential;
    this.#inner = new Http2SessionManager(address, keepAlive, {
      createConnection: () => this.#connect(address),
    });
  }

  /** The keys of the connection that the next call takes. @throws ConnectError Unavailable */
  async channel(): Promise<Channel> {
    const state = await this.#inner.connect();
    if (state === "error" || this.#server === undefined)
      throw unavailable("there is no TLS there", this.#inner.error());
    return { server: this.#server, client: this.#identity.keyHash };
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Parameters<Http2SessionManager["request"]>[3],
  ): Promise<ClientHttp2Stream> {
    const channel = await this.channel();
    const authorization = this.#credential.authorization(channel);
    const stream = await this.#inner.request(method, path, { ...headers, authorization }, options);
    if (this.#server === channel.server) return stream;
    // What was shown is of the connection before this one.
    stream.close();
    throw unavailable("the connection changed while a call was made");
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    this.#inner.notifyResponseByteRead(stream);
  }

  #connect({ hostname, port }: URL): TLSSocket {
    const { key, certificate } = this.#identity;
    this.#server = undefined;
    const socket = connectTls({
      host: hostname.replace(/^\[(.*)\]$/u, "$1"),
      port: port === "" ? DEFAULT_PORT : Number(port),
      key,
      cert: certificate,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      // No authority vouches for the key: the door's proof does and, where keys are released, evidence.
      rejectUnauthorized: false,
    });
    const atEnd = setTimeout(() => socket.destroy(new Error("the TLS handshake took too long")), CONNECT_TIMEOUT_MS);
    socket.once("close", () => clearTimeout(atEnd));
    // HTTP/2 takes the socket over when this event is done, and it can't be asked any more.
    socket.once("secureConnect", () => {
      clearTimeout(atEnd);
      this.#server = peerKeyHash(socket);
    });
    return socket;
  }
}

function unavailable(message: string, cause?: unknown): ConnectError {
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
