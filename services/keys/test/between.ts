import {
  connect as connectTcp,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { connect as connectTls, createServer, type Server } from "node:tls";
import { ConnectError, createClient } from "@connectrpc/connect";
import { ReleaseService, type AttestSessionRequest } from "@cloister/contracts/keys/release";
import { createTlsIdentity, keysTransport, type KeysTransport } from "@cloister/keyring";
import { requireCredential } from "../src/doors/credential.ts";
import { GrpcServer } from "../src/doors/grpc-server.ts";
import { credentials, type World } from "./world.ts";

/** Passes bytes on as they are, as a load balancer does. */
export class Relay {
  connections = 0;
  readonly #server: TcpServer;
  readonly #sockets = new Set<Socket>();

  private constructor(world: World) {
    const { hostname: host, port } = new URL(world.keys.connectUrl);
    this.#server = createTcpServer((near) => {
      this.connections += 1;
      const far = connectTcp({ host, port: Number(port) });
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
      }
    });
  }

  static async start(world: World): Promise<Relay> {
    const relay = new Relay(world);
    await listening(relay.#server);
    return relay;
  }

  get url(): string {
    return urlOf(this.#server);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Ends TLS of both sides with keys of its own, and passes on every byte. */
export class PassingProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(world: World): Promise<PassingProxy> {
    const { key, certificate: cert } = createTlsIdentity();
    const { hostname: host, port } = new URL(world.keys.connectUrl);
    const ours = { key, cert, ALPNProtocols: ["h2"], rejectUnauthorized: false };
    const server = createServer({ ...ours, requestCert: true }, (near) => {
      const far = connectTls({ ...ours, host, port: Number(port) });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.once("close", () => far.destroy());
    });
    await listening(server);
    return new PassingProxy(server);
  }

  get url(): string {
    return urlOf(this.#server);
  }

  close(): void {
    this.#server.close();
  }
}

/** Ends TLS of both sides and knows the door's credential: each side takes it for the other, as far as that goes. */
export class KnowingProxy {
  readonly #server: GrpcServer;
  readonly seen: { attested?: AttestSessionRequest } = {};

  private constructor(world: World) {
    const { seen } = this;
    const far = createClient(
      ReleaseService,
      keysTransport({ url: world.keys.connectUrl, credential: credentials.release }),
    );
    this.#server = new GrpcServer({
      host: "127.0.0.1",
      port: 0,
      tls: createTlsIdentity(),
      routes: (router) =>
        router.service(
          ReleaseService,
          {
            beginSession: (request) => far.beginSession(request),
            attestSession: (request) => far.attestSession((seen.attested = request)).catch(asRefused),
          },
          { interceptors: [requireCredential(credentials.release, true)] },
        ),
    });
  }

  static async start(world: World): Promise<KnowingProxy> {
    const proxy = new KnowingProxy(world);
    await proxy.#server.onApplicationBootstrap();
    return proxy;
  }

  get transport(): KeysTransport {
    return keysTransport({ url: this.#server.url, credential: credentials.release });
  }

  close(): Promise<void> {
    return this.#server.onModuleDestroy();
  }
}

function listening(server: TcpServer): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function urlOf(server: TcpServer): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return `https://127.0.0.1:${String(address.port)}`;
}

/** Connect keeps what a server refused with from its own callers, unless it is said anew. */
function asRefused(error: unknown): never {
  const { rawMessage, code, metadata } = ConnectError.from(error);
  throw new ConnectError(rawMessage, code, metadata);
}
