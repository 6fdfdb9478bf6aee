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
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** gRPC over HTTP/2 without TLS: what is secret is sealed inside, and the rest is for a private network. */
export class GrpcServer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: GrpcServerOptions;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #url: string | undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const limits = { readMaxBytes: MAX_MESSAGE_BYTES, writeMaxBytes: MAX_MESSAGE_BYTES };
    this.#server = createServer(
      connectNodeAdapter({ routes: options.routes, connect: false, grpcWeb: false, ...limits }),
    );
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      // A client that goes away is no event for anybody else.
      session.on("error", () => session.destroy());
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

  /** Calls in work are finished; idle connections end. */
  async onModuleDestroy(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    await closed;
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
