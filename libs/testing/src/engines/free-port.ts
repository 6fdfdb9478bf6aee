import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/**
 * Below the range that systems give to outgoing connections, so that nothing connects from a port between its choice and
 * its use, and an engine which was killed finds its own free when it comes back. Each worker of Jest has a lane of it:
 * two that choose at the same moment can't choose the same.
 */
const FIRST_PORT = 20_000;
const PORTS_OF_A_LANE = 2_000;
const LANES = 6;

const chosen = new Set<number>();

/** A port of loopback that nobody listens on, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  const lane = Number(process.env["JEST_WORKER_ID"] ?? 0) % LANES;
  for (;;) {
    const port = FIRST_PORT + lane * PORTS_OF_A_LANE + randomInt(PORTS_OF_A_LANE);
    if (chosen.has(port) || !(await isFree(port))) continue;
    chosen.add(port);
    return port;
  }
}

/** True when nobody listens on this port of loopback. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
