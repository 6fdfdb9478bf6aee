import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { eventually } from "@cloister/testing";

/** One server-sent event as it went over the wire, in a chunk of its own. */
export interface WireEvent {
  readonly type: "retry" | "live" | "reply";
  readonly text: string;
  /** Of the chunk (RFC 9112 section 7.1). */
  readonly bytes: number;
}

/** An observer on the connection of a reader: TCP, without TLS, as the operator has it at its own ingress. */
export class EventStreamSocket {
  readonly events: WireEvent[] = [];
  readonly #socket: Socket;
  #head = "";
  #body = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => this.#take(text));
  }

  /** Resolves when the stream has begun. */
  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<EventStreamSocket> {
    const { hostname, port, host, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const observed = new EventStreamSocket(socket);
    const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n`);
    await observed.have(1);
    return observed;
  }

  /** Waits for so many events, comments of an idle connection not counted. */
  async have(count: number): Promise<void> {
    await eventually(
      () => {
        if (this.events.length < count) throw new Error(`${this.events.length} of ${count} events`);
      },
      { everyMs: 2 },
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    if (this.#head.endsWith("\r\n\r\n")) this.#body += text;
    else {
      const all = this.#head + text;
      const end = all.indexOf("\r\n\r\n");
      this.#head = end < 0 ? all : all.slice(0, end + 4);
      this.#body = end < 0 ? "" : all.slice(end + 4);
    }
    for (let chunk = this.#nextChunk(); chunk !== undefined; chunk = this.#nextChunk()) this.#note(chunk);
  }

  #nextChunk(): string | undefined {
    const [, size = ""] = /^([0-9a-f]+)\r\n/iu.exec(this.#body) ?? [];
    const start = size.length + 2;
    const end = start + Number.parseInt(size, 16);
    if (size === "" || this.#body.length < end + 2) return undefined;
    const chunk = this.#body.slice(start, end);
    this.#body = this.#body.slice(end + 2);
    return chunk;
  }

  #note(text: string): void {
    if (text.startsWith(":")) return;
    const type = text.startsWith("retry:") ? "retry" : text.includes("event: live\n") ? "live" : "reply";
    this.events.push({ type, text, bytes: text.length });
  }
}
