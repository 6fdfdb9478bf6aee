import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { OnApplicationBootstrap, OnModuleDestroy } from "@nestjs/common";

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: (router: ConnectRouter) => void;
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

/** gRPC over HTTP/2 without TLS: what is secret is sealed inside, and the rest is for a private network. */
export class GrpcServer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: GrpcServerOptions;
  readonly #server: Http2Server;
  /** Connections, by the peer's address. */
  readonly #sessions = new Map<ServerHttp2Session, string>();
  #url: string | undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const limits = { readMaxBytes: MAX_MESSAGE_BYTES, writeMaxBytes: MAX_MESSAGE_BYTES };
    this.#server = createServer(
      { settings: { maxConcurrentStreams: MAX_CALLS_OF_CONNECTION } },
      connectNodeAdapter({ routes: options.routes, connect: false, grpcWeb: false, ...limits }),
    );
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#server.on("session", (session) => {
      this.#accept(session);
    });
  }

  /** `http://127.0.0.1:41235`, once it listens. */
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
    this.#url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${String(address.port)}`;
  }

  #accept(session: ServerHttp2Session): void {
    // A client that goes away is no event for anybody else.
    session.on("error", () => session.destroy());
    const peer = session.socket.remoteAddress ?? "";
    const ofPeer = [...this.#sessions.values()].filter((address) => address === peer).length;
    if (ofPeer >= (this.#options.maxConnectionsOfPeer ?? MAX_CONNECTIONS_OF_PEER)) {
      session.destroy();
      return;
    }
    this.#sessions.set(session, peer);
    session.once("close", () => this.#sessions.delete(session));
    session.setTimeout(this.#options.idleMs ?? IDLE_MS, () => session.close());
  }

  /** Calls in work are finished; idle connections end. */
  async onModuleDestroy(): Promise<void> {
    if (!this.#server.listening) return;
    this.#options.beforeClose?.();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions.keys()) session.close();
    await closed;
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
