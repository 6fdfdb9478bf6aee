import { Socket } from "node:net";

/** A socket that sends what is written in one turn of the event loop by one system call, so that its reader wakes once. */
export function coalescingSocket(): Socket {
  const socket = new Socket();
  const send = socket.write.bind(socket);
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    socket.uncork();
  };
  const write = (...written: Parameters<Socket["write"]>): boolean => {
    if (!isHeld) {
      isHeld = true;
      socket.cork();
      process.nextTick(release);
    }
    return send(...written);
  };
  // Connecting puts the original method back.
  socket.once("connect", () => Object.assign(socket, { write }));
  return socket;
}
