import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";

/** A small OpenID Connect issuer on loopback: a discovery document, a key set, and keys to sign with. */
export class OpenIdIssuer {
  readonly #server: Server;
  /** What stands in the key set. */
  keySet: JWK[] = [];
  /** Answers in place of the documents when it is set. */
  misbehaviour: ((path: string, response: ServerResponse) => void) | undefined;
  /** Paths that were asked for. */
  readonly asked: string[] = [];

  private constructor() {
    this.#server = createServer(this.#answer);
  }

  static async start(): Promise<OpenIdIssuer> {
    const issuer = new OpenIdIssuer();
    await new Promise<void>((resolve) => issuer.#server.listen(0, "127.0.0.1", resolve));
    return issuer;
  }

  get url(): string {
    // A server that listens on a port has an address with a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async addKey(kid: string, algorithm = "ES256"): Promise<CryptoKey> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm);
    this.keySet.push({ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" });
    return privateKey;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  readonly #answer: RequestListener = (request, response) => {
    const path = request.url ?? "";
    this.asked.push(path);
    if (this.misbehaviour !== undefined) this.misbehaviour(path, response);
    else if (path === "/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }));
    } else if (path === "/keys") response.end(JSON.stringify({ keys: this.keySet }));
    else response.writeHead(404).end();
  };
}

/** Signed as an issuer does. */
export function signedToken(
  payload: JWTPayload,
  key: CryptoKey | Uint8Array,
  header: { readonly alg: string; readonly kid?: string },
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader(header).sign(key);
}
