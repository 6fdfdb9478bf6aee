import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** How a connection is cut: it is refused, or taken and never answered. */
export type Cut = "refuses" | "hangs";

/** A TCP way to an address, which a test may cut and mend. What leads to it keeps its own address. */
export class CuttableWire {
  readonly #server: Server;
  readonly #protocol: string;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;

  private constructor(server: Server, protocol: string) {
    this.#server = server;
    this.#protocol = protocol;
  }

  static async to(url: string): Promise<CuttableWire> {
    const { hostname, port, protocol } = new URL(url);
    const server = createServer((socket) => wire.#accept(socket, hostname, Number(port)));
    const wire: CuttableWire = new CuttableWire(server, protocol);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the wire has no port");
    return `${this.#protocol}//127.0.0.1:${String(address.port)}`;
  }

  /** Connections that stand end, as they do when a network goes away for longer than anybody waits. */
  cut(kind: Cut): void {
    this.#cut = kind;
    this.#endAll();
  }

  mend(): void {
    this.#cut = undefined;
    this.#endAll();
  }

  async close(): Promise<void> {
    this.#endAll();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket, hostname: string, port: number): void {
    this.#keep(socket);
    if (this.#cut === "refuses") socket.destroy();
    if (this.#cut !== undefined) return;
    const far = connect(port, hostname);
    this.#keep(far);
    far.on("close", () => socket.destroy());
    socket.on("close", () => far.destroy());
    socket.pipe(far).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
