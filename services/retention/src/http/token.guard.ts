import { Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { bearerToken, ProblemError, TokenDigest } from "@cloister/service";
import type { FastifyRequest } from "fastify";
import { retentionProblems } from "../errors.ts";

@Injectable()
export class TokenGuard implements CanActivate {
  readonly #expected: TokenDigest;

  constructor(@Inject(TokenDigest) expected: TokenDigest) {
    this.#expected = expected;
  }

  canActivate(context: ExecutionContext): boolean {
    const token = bearerToken(context.switchToHttp().getRequest<FastifyRequest>().headers.authorization);
    if (token !== undefined && this.#expected.matches(token)) return true;
    const { httpStatus, title, remedy } = retentionProblems.UNAUTHENTICATED;
    throw new ProblemError("UNAUTHENTICATED", httpStatus, remedy, {}, title);
  }
}
