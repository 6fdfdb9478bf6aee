import type { ServerResponse } from "node:http";

import { ProblemError } from "@cloister/service";
import { Inject, Injectable, type OnModuleDestroy } from "@nestjs/common";

import { ACCESS_TOKENS, type AccessTokens } from "../access/access-tokens.ts";
import { SETTINGS, type IngestSettings } from "../ingest.ports.ts";

/** Ends streams with the access that they began with: who connects again is told why. */
@Injectable()
export class OpenResponses implements OnModuleDestroy {
  readonly #tokens: AccessTokens;
  readonly #open = new Map<ServerResponse, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    @Inject(ACCESS_TOKENS) tokens: AccessTokens,
    @Inject(SETTINGS) { accessCacheMs }: Pick<IngestSettings, "accessCacheMs">,
  ) {
    this.#tokens = tokens;
    this.#timer = setInterval(() => void this.recheck(), accessCacheMs).unref();
  }

  /** Until it is closed, the response is cut as soon as its token is good for nothing any more. */
  watch(response: ServerResponse, token: string): void {
    this.#open.set(response, token);
    response.once("close", () => this.#open.delete(response));
  }

  /** Looks at every open response once. An engine's outage ends nothing: it says nothing about a token. */
  async recheck(): Promise<void> {
    for (const [response, token] of [...this.#open]) {
      const isRefused = await this.#tokens.grantOf(token).then(
        () => false,
        (error: unknown) => error instanceof ProblemError && error.status === 401,
      );
      if (isRefused) response.destroy();
    }
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}
