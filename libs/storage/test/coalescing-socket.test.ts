import { expect, it } from "@jest/globals";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { coalescingSocket } from "../src/coalescing-socket.ts";

it("sends what is written in one turn together, and the rest when it comes", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const socket = coalescingSocket();
  socket.connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [peer] = await accepted;
  await once(socket, "connect");
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
  socket.end("last");
  expect(await received()).toBe("last");
  server.close();
  await once(server, "close");
});
