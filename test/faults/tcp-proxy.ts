import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a service and an engine that can be cut, and that can be slow. */
export class TcpProxy {
  readonly port: number;
  readonly #target: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #delayMs = 0;

  private constructor(server: Server, port: number, target: () => number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on("connection", (socket) => this.#join(socket));
  }

  /** Listens on loopback; `target` says the engine's port, which may be known later. */
  static async listen(target: () => number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    return new TcpProxy(server, address.port, target);
  }

  /** Resets every connection, and each new one, until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** From now on each piece of data arrives this much later, in both directions and in order. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    this.#watch(client);
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const engine = connect(this.#target(), "127.0.0.1");
    this.#watch(engine);
    this.#carry(client, engine);
    this.#carry(engine, client);
    client.resume();
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    // A broken wire is what this is for.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #carry(from: Socket, to: Socket): void {
    from.on("data", (piece: Buffer) => this.#later(() => !to.destroyed && to.write(piece)));
    from.once("end", () => this.#later(() => to.end()));
    from.once("close", () => this.#later(() => to.destroy()));
  }

  /** Timers of one length fire in the order in which they were set. */
  #later(action: () => void): void {
    if (this.#delayMs === 0) action();
    else setTimeout(action, this.#delayMs);
  }
}
