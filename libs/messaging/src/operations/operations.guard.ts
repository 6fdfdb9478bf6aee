import { Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { bearerToken, TokenDigest } from "@cloister/service";
import { operationsProblem } from "./operations.problems.ts";

@Injectable()
export class OperationsGuard implements CanActivate {
  readonly #expected: TokenDigest;

  constructor(@Inject(TokenDigest) expected: TokenDigest) {
    this.#expected = expected;
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const token = bearerToken(headers.authorization);
    if (token !== undefined && this.#expected.matches(token)) return true;
    throw operationsProblem("OPERATIONS_TOKEN_WRONG");
  }
}
