import { Socket } from "node:net";

/** A socket that sends what is written in one turn of the event loop by one system call, so that its reader wakes once. */
export function coalescingSocket(): Socket {
  const socket = new Socket();
  // Connecting puts the original method back.
  return socket.once("connect", () => coalesce(socket));
}

/** From now on, of a socket that is connected: over TLS, the one that encrypts. */
export function coalesce(socket: Socket): void {
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
  Object.assign(socket, { write });
}
