import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { TcpProxy } from "./tcp-proxy.ts";

describe("a wire between a service and an engine", () => {
  let engine: Server;
  let proxy: TcpProxy;
  beforeEach(async () => {
    engine = createServer((socket) => {
      socket.on("error", () => undefined).pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(engine, "listening");
    proxy = await TcpProxy.listen(() => (engine.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.close();
    engine.close();
  });

  const connected = async (): Promise<Socket> => {
    const socket = connect(proxy.port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  };
  const echoed = async (socket: Socket, text: string): Promise<string> => {
    const coming = once(socket, "data") as Promise<[Buffer]>;
    socket.write(text);
    return (await coming)[0].toString();
  };

  it("carries what is sent, both ways", async () => {
    const socket = await connected();
    expect(await echoed(socket, "one")).toBe("one");
    socket.destroy();
  });

  it("resets its connections and every new one while it is cut, and carries again when it is mended", async () => {
    const socket = await connected();
    await echoed(socket, "one");
    const ended = once(socket, "error");
    proxy.cut();
    expect(await ended).toMatchObject([{ code: "ECONNRESET" }]);
    const refused = connect(proxy.port, "127.0.0.1");
    await once(refused, "error");
    proxy.mend();
    const again = await connected();
    expect(await echoed(again, "two")).toBe("two");
    again.destroy();
  });

  it("is slow in both directions, and keeps the order", async () => {
    const socket = await connected();
    proxy.slow(60);
    const startMs = performance.now();
    const pieces: string[] = [];
    socket.on("data", (piece) => pieces.push(piece.toString()));
    for (const text of ["a", "b", "c"]) socket.write(text);
    while (pieces.join("").length < 3) await once(socket, "data");
    expect(pieces.join("")).toBe("abc");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(110);
    socket.destroy();
  });
});
