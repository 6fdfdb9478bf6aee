import { connect, type Socket } from "node:net";
import { once } from "node:events";

/** A connection that sends what it likes, as slowly as it likes. */
export class RawClient {
  readonly #socket: Socket;
  /** What came, so far. */
  received = "";
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => (this.received += chunk.toString("latin1")));
    // A connection that is cut may be reset.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", resolve));
  }

  /** @param from an address of this machine to come from */
  static async connect(baseUrl: string, from?: string): Promise<RawClient> {
    const { hostname, port } = new URL(baseUrl);
    const socket = connect({ host: hostname, port: Number(port), ...(from !== undefined && { localAddress: from }) });
    const client = new RawClient(socket);
    await Promise.race([once(socket, "connect"), client.closed]);
    return client;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Reads no more: what comes fills the buffers of both ends. */
  stopReading(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.destroy();
  }
}
