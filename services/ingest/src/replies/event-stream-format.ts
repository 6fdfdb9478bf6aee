import { Buffer } from "node:buffer";

/** WHATWG HTML section 9.2. Every field is built from digits or base64, so nothing needs escaping. */
export function replyEvent(offset: number, event: Uint8Array): string {
  return `id: ${offset}\nevent: reply\ndata: ${Buffer.from(event).toString("base64")}\n\n`;
}

/** A serialized LiveEvent. It has no id, so that Last-Event-ID stays that of the last event of the mailbox. */
export function liveEvent(event: Uint8Array): string {
  return `event: live\ndata: ${Buffer.from(event).toString("base64")}\n\n`;
}

/** A comment: it keeps proxies from closing an idle connection and shows a dead one. */
export const keepAliveComment = ": keep-alive\n\n";

/** How long a reader waits before it connects again. */
export function retryAfter(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}
