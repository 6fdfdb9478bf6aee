import { constants } from "node:crypto";
import {
  createSecureServer,
  createServer,
  Http2ServerRequest,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type SecureServerOptions,
  type ServerHttp2Session,
} from "node:http2";
import { isIPv6, type AddressInfo, type Socket } from "node:net";
import { createContextValues, type ConnectRouter, type ContextValues } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { isLoopbackUrl, type TlsIdentity } from "@cloister/keyring";
import { ServiceError } from "@cloister/service";
import type { OnApplicationBootstrap, OnModuleDestroy } from "@nestjs/common";
import { callerKey, callerOf, type Caller } from "./caller.ts";

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: (router: ConnectRouter) => void;
  /** Our side of TLS. Without it the port is open to callers of this machine alone. */
  readonly tls?: TlsIdentity;
  /** At once; 1,024. */
  readonly maxConnections?: number;
  /** Of one address; 256. */
  readonly maxConnectionsOfPeer?: number;
  /** Ends what would keep calls open for ever. */
  readonly beforeClose?: () => void;
  /** How long a connection without a call is kept, in milliseconds; 20 minutes. */
  readonly idleMs?: number;
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_CONNECTIONS = 1_024;
/** A caller needs one for each door; many may stand behind one address. */
const MAX_CONNECTIONS_OF_PEER = 256;
const MAX_CALLS_OF_CONNECTION = 128;
/** Longer than our callers keep an idle connection, so that it is they who end theirs. */
const IDLE_MS = 20 * 60_000;
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** gRPC over HTTP/2: over TLS 1.3 with certificates on both sides, or in the clear within one machine. */
export class GrpcServer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: GrpcServerOptions;
  readonly #server: Http2Server | Http2SecureServer;
  /** Connections, by the peer's address; those whose handshake is not over, too. */
  readonly #openOf = new Map<string, number>();
  readonly #callers = new Map<Http2Session, Caller>();
  #url: string | undefined;

  /** @throws ServiceError CONFIG_INVALID for another host than this one without TLS */
  constructor(options: GrpcServerOptions) {
    this.#options = options;
    if (options.tls === undefined && !isLoopbackUrl(urlOf("http", options.host, options.port))) {
      throw new ServiceError("CONFIG_INVALID", `The doors of keys are not opened in the clear on ${options.host}.`);
    }
    const limits = { readMaxBytes: MAX_MESSAGE_BYTES, writeMaxBytes: MAX_MESSAGE_BYTES };
    const protocol = { settings: { maxConcurrentStreams: MAX_CALLS_OF_CONNECTION } };
    const contextValues = (request: object): ContextValues => this.#contextOf(request);
    const handler = connectNodeAdapter({
      routes: options.routes,
      contextValues,
      connect: false,
      grpcWeb: false,
      acceptCompression: [],
      ...limits,
    });
    this.#server =
      options.tls === undefined
        ? createServer(protocol, handler)
        : createSecureServer({ ...protocol, ...tlsOptions(options.tls) }, handler);
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#server.on("connection", (socket: Socket) => {
      this.#bound(socket);
    });
    this.#server.on("session", (session) => {
      this.#accept(session);
    });
  }

  /** `https://127.0.0.1:41235`, once it listens; `http:` without TLS. */
  get url(): string {
    if (this.#url === undefined) throw new Error("the gRPC server does not listen yet");
    return this.#url;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (!isAddress(address)) throw new Error("the gRPC server listens on no port");
    this.#url = urlOf(this.#options.tls === undefined ? "http" : "https", address.address, address.port);
  }

  #bound(socket: Socket): void {
    const peer = socket.remoteAddress ?? "";
    const open = this.#openOf.get(peer) ?? 0;
    if (open >= (this.#options.maxConnectionsOfPeer ?? MAX_CONNECTIONS_OF_PEER)) {
      socket.destroy();
      return;
    }
    this.#openOf.set(peer, open + 1);
    socket.once("close", () => {
      const left = (this.#openOf.get(peer) ?? 1) - 1;
      if (left === 0) this.#openOf.delete(peer);
      else this.#openOf.set(peer, left);
    });
  }

  #accept(session: ServerHttp2Session): void {
    // A client that goes away is no event for anybody else.
    session.on("error", () => session.destroy());
    try {
      this.#callers.set(session, callerOf(session, this.#options.tls?.keyHash));
    } catch {
      // Our own callers show a certificate: TLS asks for one, and doesn't insist.
      session.destroy();
      return;
    }
    session.once("close", () => this.#callers.delete(session));
    session.setTimeout(this.#options.idleMs ?? IDLE_MS, () => session.close());
  }

  #contextOf(request: object): ContextValues {
    const values = createContextValues();
    const session = request instanceof Http2ServerRequest ? request.stream.session : undefined;
    const caller = session === undefined ? undefined : this.#callers.get(session);
    return caller === undefined ? values : values.set(callerKey, caller);
  }

  /** Calls in work are finished; idle connections end. */
  async onModuleDestroy(): Promise<void> {
    if (!this.#server.listening) return;
    this.#options.beforeClose?.();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#callers.keys()) session.close();
    await closed;
  }
}

function tlsOptions({ key, certificate }: TlsIdentity): SecureServerOptions {
  return {
    key,
    cert: certificate,
    minVersion: "TLSv1.3",
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: true,
    // No authority vouches for a caller: that it holds its key is proved in the handshake, whose it is by the session.
    rejectUnauthorized: false,
    // A connection that is resumed would bring its peer's key along unproved.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
