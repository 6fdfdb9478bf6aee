import { createHash, timingSafeEqual } from "node:crypto";
import { Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { ProblemError } from "@cloister/service";
import type { FastifyRequest } from "fastify";

/** Injection token of the SHA-256 of the access token, 32 bytes. */
export const TOKEN_DIGEST = Symbol("TokenDigest");

export const digestOf = (token: string): Uint8Array => createHash("sha256").update(token, "utf8").digest();

@Injectable()
export class TokenGuard implements CanActivate {
  constructor(@Inject(TOKEN_DIGEST) private readonly expected: Uint8Array) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const [, token] = /^Bearer ([\w.~+/-]{1,512}=*)$/iu.exec(headers.authorization ?? "") ?? [];
    if (token !== undefined && timingSafeEqual(digestOf(token), this.expected)) return true;
    throw new ProblemError("UNAUTHENTICATED", 401, "Send retention's access token as Authorization: Bearer.");
  }
}
