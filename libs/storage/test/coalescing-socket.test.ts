import { expect, it } from "@jest/globals";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, Socket, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer as createTlsServer } from "node:tls";
import { makeCertificate } from "@cloister/testing/engines";
import { coalesce, coalescingSocket } from "../src/coalescing-socket.ts";

it("sends what is written in one turn together, and the rest when it comes", async () => {
  const server = createServer();
  const accepted = acceptedBy(server, "connection");
  const socket = coalescingSocket();
  socket.connect(await portOf(server), "127.0.0.1");
  await once(socket, "connect");
  await sendsTogether(socket, await accepted);
  server.close();
  await once(server, "close");
});

it("does so over TLS, record by record", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cloister-tls-"));
  const { certificateFile, keyFile } = await makeCertificate(folder);
  const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  await rm(folder, { recursive: true });
  const server = createTlsServer({ cert, key });
  const accepted = acceptedBy(server, "secureConnection");
  const socket = connect({ port: await portOf(server), host: "127.0.0.1", ca: cert });
  await once(socket, "secureConnect");
  coalesce(socket);
  await sendsTogether(socket, await accepted);
  server.close();
  await once(server, "close");
});

async function acceptedBy(server: NodeJS.EventEmitter, event: string): Promise<Socket> {
  const peer: unknown = (await once(server, event)).at(0);
  if (!(peer instanceof Socket)) throw new Error("no socket was accepted");
  return peer;
}

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function sendsTogether(socket: Socket, peer: Socket): Promise<void> {
  const received = async (): Promise<string> => String((await once(peer, "data"))[0]);
  for (const together of ["one two three", "four five"]) {
    const whole = received();
    socket.write(together.slice(0, 3));
    await Promise.resolve();
    socket.write(together.slice(3, 6));
    await Promise.resolve();
    socket.write(together.slice(6));
    expect(await whole).toBe(together);
  }
  const last = received();
  socket.end("last");
  expect(await last).toBe("last");
}
