import { createHash } from "node:crypto";

import { randomAccessToken } from "@cloister/service";

/** So that secret scanners know one when they see it: `cloister_[A-Za-z0-9_-]{43}`. */
const prefix = "cloister_";
const form = /^cloister_[\w-]{43}$/u;

/** The prefix and 256 random bits, base64url. */
export function newToken(): string {
  return `${prefix}${randomAccessToken()}`;
}

export function hasTokenForm(token: string): boolean {
  return form.test(token);
}

/** What is stored of a token: 32 bytes. With 256 random bits in it, a plain SHA-256 can't be searched. */
export function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token, "utf8").digest();
}
