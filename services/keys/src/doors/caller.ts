import type { ServerHttp2Session } from "node:http2";
import { TLSSocket } from "node:tls";
import { createContextKey, type ContextKey } from "@connectrpc/connect";
import { peerKeyHash, type Channel } from "@cloister/keyring";
import { KeysError } from "../errors.ts";

/** Whose connection a call came on, whatever the call says of itself. */
export interface Caller {
  /** The other end's, as the network shows it. */
  readonly address: string;
  /** The TLS keys at both ends; undefined without TLS. */
  readonly channel: Channel | undefined;
}

const nobody: Caller = { address: "", channel: undefined };

/** Under which handlers and interceptors find the caller. */
export const callerKey: ContextKey<Caller> = createContextKey(nobody, { description: "who calls" });

/**
 * @param serverKey ours, or undefined without TLS
 * @throws KeysError UNAUTHENTICATED for a caller without a certificate
 */
export function callerOf({ socket }: ServerHttp2Session, serverKey: Uint8Array | undefined): Caller {
  const address = socket.remoteAddress ?? "";
  if (serverKey === undefined) return { address, channel: undefined };
  const client = socket instanceof TLSSocket ? peerKeyHash(socket) : undefined;
  if (client === undefined) throw new KeysError("UNAUTHENTICATED", "A caller showed no TLS certificate.");
  return { address, channel: { server: serverKey, client } };
}
