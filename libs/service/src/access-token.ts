import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, base64url. */
export function randomAccessToken(): string {
  return randomBytes(32).toString("base64url");
}

/** The token of an `Authorization: Bearer <token>` header (RFC 6750 section 2.1); undefined for anything else. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/-]{1,8192}=*)$/iu.exec(authorization ?? "")?.[1];
}

/** What stays in memory of a token: its SHA-256. Digests have one length, so comparing takes one time. */
export class TokenDigest {
  readonly #digest: Uint8Array;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** True for the very token, in constant time. */
  matches(token: string): boolean {
    return timingSafeEqual(digestOf(token), this.#digest);
  }
}

function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token, "utf8").digest();
}
