import net from "node:net";
import tls from "node:tls";
import type { ISocketFactory } from "kafkajs";

const KEEP_ALIVE_MS = 60_000;

/** The sockets of one client, so that they can be ended whatever the client waits for. */
export class TrackedSockets {
  readonly #open = new Set<net.Socket>();
  readonly #isTls: boolean;
  #isSevered = false;

  constructor(isTls: boolean) {
    this.#isTls = isTls;
  }

  get isSevered(): boolean {
    return this.#isSevered;
  }

  /** As kafkajs makes them, and without waiting to fill a packet. */
  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.#isSevered) throw new Error("the client was closed");
    const servername = net.isIP(host) === 0 ? { servername: host } : {};
    const socket = this.#isTls
      ? tls.connect({ host, port, ...servername, ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return socket;
  };

  /** Ends every connection at once, and every later one. */
  sever(): void {
    this.#isSevered = true;
    for (const socket of this.#open) socket.destroy(new Error("the client was closed"));
  }
}
