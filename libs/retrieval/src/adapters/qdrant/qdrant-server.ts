import { setTimeout as sleep } from "node:timers/promises";
import { QdrantClient, QdrantClientResourceExhaustedError } from "@qdrant/js-client-rest";
import { RetrievalError } from "../../errors.ts";

export interface QdrantOptions {
  /** `https://host:6333`. `http:` on a loopback address, or where the network itself is trusted, and never with a key. */
  readonly url: string;
  /** Of a key that may read for inference, and read and write for embedding and retention. */
  readonly apiKey?: string;
  /** How long one request may take; 5 s. */
  readonly timeoutMs?: number;
}

/** Of one call: later ones are the consumer's, which pauses and goes on. */
const attempts = 3;
const firstPauseMs = 100;
const longestPauseMs = 2_000;
/** As Qdrant's own. */
const defaultPort = 6_333;

/** A server that is asked with time-outs and a few more attempts, and whose refusals have a code of ours. */
export class QdrantServer {
  readonly #client: QdrantClient;

  /** @throws RetrievalError INDEX_REFUSED for a key that would travel in clear */
  constructor({ url, apiKey, timeoutMs = 5_000 }: QdrantOptions) {
    if (apiKey !== undefined && isInClear(url)) {
      throw new RetrievalError("INDEX_REFUSED", "An API key of Qdrant's goes over https: alone; the URL says http:.");
    }
    // The client takes 6333 for a port that URL leaves out as the scheme's own.
    const port = Number(/:(\d+)\/?$/u.exec(url)?.[1] ?? defaultPort);
    const { pathname } = new URL(url);
    this.#client = new QdrantClient({
      url: new URL("/", url).href,
      port,
      ...(pathname !== "/" && { prefix: pathname.replace(/\/$/u, "") }),
      timeout: timeoutMs,
      checkCompatibility: false,
      ...(apiKey !== undefined && { headers: { "api-key": apiKey } }),
    });
  }

  /**
   * The answer, or undefined where what was asked for isn't there (404).
   * @throws RetrievalError INDEX_UNAVAILABLE after three attempts, when it doesn't answer in time, fails (5xx) or wants
   * fewer requests (429); INDEX_REFUSED for whatever else it doesn't take, strict mode's limits among it
   */
  async ask<T>(call: (client: QdrantClient) => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(this.#client);
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return undefined;
        if (status !== undefined && status < 500 && status !== 429) throw refused(status, error);
        if (attempt === attempts) throw unavailable(error);
        await sleep(pauseMs(error, attempt));
      }
    }
  }
}

/** Whether an answer says that what was to be made is there already (409). */
export function isConflict(error: unknown): boolean {
  return error instanceof RetrievalError && statusOf(error.cause) === 409;
}

/** Whether what is sent there crosses a network unencrypted. */
export function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !["127.0.0.1", "[::1]", "localhost"].includes(hostname);
}

/** Of an answer that is none of success; undefined where there was none. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof QdrantClientResourceExhaustedError) return 429;
  return error instanceof Error && "status" in error && typeof error.status === "number" ? error.status : undefined;
}

function pauseMs(error: unknown, attempt: number): number {
  const asked = error instanceof QdrantClientResourceExhaustedError ? error.retry_after * 1_000 : 0;
  return Math.min(longestPauseMs, Math.max(asked, firstPauseMs * 4 ** (attempt - 1)));
}

function refused(status: number, cause: unknown): RetrievalError {
  return new RetrievalError("INDEX_REFUSED", `Qdrant refused a request with status ${status}.`, { cause });
}

function unavailable(cause: unknown): RetrievalError {
  return new RetrievalError("INDEX_UNAVAILABLE", "Qdrant did not answer a request, in three attempts.", { cause });
}
