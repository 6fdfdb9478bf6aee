import type { Clock } from "@cloister/service";
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, type RemoteJWKSet } from "jose";
import { z } from "zod";

import type { IssuerKeys } from "../access/oidc/oidc-tokens.ts";
import { isSafeUrl, type TrustedIssuer } from "../access/oidc/trusted-issuers.ts";
import { problem } from "../ingest.problems.ts";
import { boundedFetch } from "./bounded-fetch.ts";

export interface DiscoveredKeysOptions {
  readonly clock: Clock;
  /** How long an answer is waited for. */
  readonly timeoutMs?: number;
  /** How long after a failure nobody asks again. */
  readonly pauseMs?: number;
  /** How soon after a look the key set is looked at again for a key that it hadn't. */
  readonly cooldownMs?: number;
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** An issuer's keys by its discovery document (OpenID Connect Discovery 1.0 section 4), looked for on first use. */
export class DiscoveredKeys implements IssuerKeys {
  readonly #issuer: TrustedIssuer;
  readonly #options: Required<DiscoveredKeysOptions>;
  #keySet: RemoteJWKSet | undefined;
  #discovering: Promise<RemoteJWKSet> | undefined;
  #failedAtMonotonicMs = -Infinity;

  constructor(issuer: TrustedIssuer, options: DiscoveredKeysOptions) {
    this.#issuer = issuer;
    this.#options = { timeoutMs: 3_000, pauseMs: 2_000, cooldownMs: 30_000, ...options };
  }

  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    if (!this.#hasKeys() && this.#isPausing()) throw unavailable();
    try {
      this.#keySet ??= await this.#discoverOnce();
      return await this.#keySet(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      this.#failedAtMonotonicMs = this.#options.clock.monotonicMs();
      // Keys that are known stay, whatever a token asked for. Without any, the set may have moved.
      if (!this.#hasKeys()) this.#keySet = undefined;
      throw unavailable();
    }
  };

  #hasKeys(): boolean {
    return this.#keySet?.fresh === true;
  }

  #isPausing(): boolean {
    return this.#options.clock.monotonicMs() - this.#failedAtMonotonicMs < this.#options.pauseMs;
  }

  #discoverOnce(): Promise<RemoteJWKSet> {
    this.#discovering ??= this.#discover().finally(() => (this.#discovering = undefined));
    return this.#discovering;
  }

  async #discover(): Promise<RemoteJWKSet> {
    const { issuer, development } = this.#issuer;
    const { timeoutMs, cooldownMs } = this.#options;
    const url = `${issuer.replace(/\/$/u, "")}/.well-known/openid-configuration`;
    const response = await boundedFetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const document = discovery.parse(await response.json());
    if (document.issuer !== issuer || !isSafeUrl(document.jwks_uri, development)) throw unavailable();
    return createRemoteJWKSet(new URL(document.jwks_uri), {
      timeoutDuration: timeoutMs,
      cooldownDuration: cooldownMs,
      [customFetch]: boundedFetch,
    });
  }
}

/** A header that names no key of the set, or more than one: asking again would not help. */
function isAboutTheToken(error: unknown): boolean {
  const kinds = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  return kinds.some((kind) => error instanceof kind);
}

function unavailable(): Error {
  return problem(
    "ISSUER_UNAVAILABLE",
    "The token's issuer can't be asked for its keys at the moment. Try again shortly.",
  );
}
