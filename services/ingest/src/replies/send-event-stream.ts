import { Readable } from "node:stream";

import type { FastifyReply } from "fastify";

/** Read ahead of a slow reader, in bytes; what the socket has taken comes on top. */
const readAheadBytes = 16 * 1024;

/**
 * Answers with server-sent events. The one place where they are written: the next text is asked for only when the
 * connection has taken the one before, and none once it is closed.
 */
export function sendEventStream(reply: FastifyReply, texts: AsyncIterable<string>): void {
  void reply
    .header("content-type", "text/event-stream")
    .header("cache-control", "no-store")
    // nginx would hold events back until its buffer is full.
    .header("x-accel-buffering", "no")
    .send(Readable.from(texts, { objectMode: false, highWaterMark: readAheadBytes }));
}
