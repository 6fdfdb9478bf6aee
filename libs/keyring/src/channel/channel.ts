import { createHmac, timingSafeEqual } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { lengthPrefixed } from "@cloister/attestation";
import { tlsKeyHash } from "./tls-identity.ts";

/** The TLS keys at both ends of one connection to `keys`, each as `tlsKeyHash`. Whoever stands between shows another. */
export interface Channel {
  /** Of `keys`. */
  readonly server: Uint8Array;
  /** Of its caller. */
  readonly client: Uint8Array;
}

/** What the other end of a connection showed, and proved to hold, in its handshake; undefined when it showed nothing. */
export function peerKeyHash(socket: Pick<TLSSocket, "getPeerX509Certificate">): Uint8Array | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : tlsKeyHash(certificate);
}

export function isSameChannel(one: Channel, other: Channel): boolean {
  return isSameKey(one.server, other.server) && isSameKey(one.client, other.client);
}

function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The response header by which `keys` shows that it knows the door's credential, too. */
export const DOOR_PROOF_HEADER = "cloister-door-proof";
const SCHEME = "Channel ";

/** A door's credential as it is shown on one connection: it tells nothing of itself and is worth nothing on another. */
export class ChannelCredential {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** A caller's `authorization` header. */
  authorization(channel: Channel): string {
    return SCHEME + this.#prove("caller", channel).toString("base64url");
  }

  isAuthorized(header: string, channel: Channel): boolean {
    return header.startsWith(SCHEME) && this.#isProof("caller", header.slice(SCHEME.length), channel);
  }

  /** The answer of `keys`, under `DOOR_PROOF_HEADER`. */
  proof(channel: Channel): string {
    return this.#prove("keys", channel).toString("base64url");
  }

  isProof(header: string, channel: Channel): boolean {
    return this.#isProof("keys", header, channel);
  }

  #isProof(side: "caller" | "keys", given: string, channel: Channel): boolean {
    const expected = this.#prove(side, channel);
    const bytes = Buffer.from(given, "base64url");
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  }

  #prove(side: "caller" | "keys", { server, client }: Channel): Buffer {
    const shown = lengthPrefixed(["cloister/v1 door credential", side, server, client]);
    return createHmac("sha256", this.#token).update(shown).digest();
  }
}
