import { bytesToHex, concatBytes } from "./encoding.ts";
import { ClientError } from "./errors.ts";
import { isRetryableStatus, readProblem } from "./problem.ts";
import { pause, type RetryPolicy } from "./retry.ts";

const maxAnswerBytes = 2 * 1024 * 1024;

export interface HttpDoorOptions {
  /** Where ingest listens, for example "https://chat.example.com". */
  readonly baseUrl: string;
  readonly accessToken: string;
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  readonly fetch: typeof fetch;
  readonly retry: RetryPolicy;
}

export interface DoorRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
  readonly signal?: AbortSignal | undefined;
}

/** Ingest's HTTP door: authorization, problem documents, and retries that repeat the same bytes. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
  }

  /**
   * Sends until it is answered or the attempts are used up. Every door that takes a body is idempotent for equal bytes,
   * so repeating a request whose answer was lost is safe.
   * @throws ClientError REFUSED, UNREACHABLE, ABORTED
   */
  async request(request: DoorRequest): Promise<Uint8Array> {
    const { attempts } = this.#options.retry;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request);
      if ("bytes" in outcome) return outcome.bytes;
      if (!outcome.error.retryable || attempt >= attempts) throw outcome.error;
      await pause(this.#options.retry, attempt, { signal: request.signal, askedMs: outcome.error.retryAfterMs });
    }
  }

  /**
   * One attempt to open the event stream of replies; the caller reconnects.
   * @throws ClientError REFUSED, UNREACHABLE, ABORTED
   */
  async openEventStream(
    path: string,
    lastEventId: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) };
    const response = await this.#fetch({ method: "GET", path, signal }, headers);
    if (!response.ok) throw await refusal(response);
    if (response.body === null) throw new ClientError("ANSWER_MALFORMED", "The event stream came without a body.");
    return response.body;
  }

  async #attempt(request: DoorRequest): Promise<{ bytes: Uint8Array } | { error: ClientError }> {
    try {
      const response = await this.#fetch(request, {});
      if (!response.ok) return { error: await refusal(response) };
      return { bytes: await readBounded(response) };
    } catch (error) {
      return { error: error instanceof ClientError ? error : unreachable(error, request.signal) };
    }
  }

  async #fetch(request: DoorRequest, extraHeaders: Record<string, string>): Promise<Response> {
    // Called as a plain function: as a method of something else a browser's fetch refuses to run.
    const { baseUrl, accessToken, tenantId, fetch } = this.#options;
    const headers = {
      authorization: `Bearer ${accessToken}`,
      "cloister-tenant": bytesToHex(tenantId),
      ...(request.body && { "content-type": request.body.contentType }),
      ...extraHeaders,
    };
    try {
      return await fetch(`${baseUrl.replace(/\/+$/u, "")}${request.path}`, {
        method: request.method,
        headers,
        // A redirect would carry the access token to a place that nobody configured.
        redirect: "error",
        ...(request.body && { body: new Uint8Array(request.body.bytes) }),
        ...(request.signal && { signal: request.signal }),
      });
    } catch (error) {
      throw unreachable(error, request.signal);
    }
  }
}

/** No answer is larger than its chain of trust, a few notes of at most 64 KiB: more would only fill the memory. */
async function readBounded(response: Response): Promise<Uint8Array> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > maxAnswerBytes) {
      await reader.cancel();
      throw new ClientError("ANSWER_MALFORMED", "The service's answer is larger than any of its answers can be.");
    }
    chunks.push(next.value);
  }
  return concatBytes(...chunks);
}

async function refusal(response: Response): Promise<ClientError> {
  const body = await readBounded(response).catch(() => new Uint8Array());
  const problem = readProblem(response, body);
  const retryable = problem.retryable ?? isRetryableStatus(response.status);
  const code = retryable ? "UNREACHABLE" : "REFUSED";
  return new ClientError(code, `The service answered ${response.status} ${problem.code}: ${problem.detail}`, {
    problem: problem.code,
    retryable,
    ...(problem.retryAfterMs !== undefined && { retryAfterMs: problem.retryAfterMs }),
  });
}

function unreachable(cause: unknown, signal: AbortSignal | undefined): ClientError {
  if (signal?.aborted) return new ClientError("ABORTED", "The caller stopped the request.", { cause });
  return new ClientError("UNREACHABLE", "The service can't be reached: check baseUrl and the network.", {
    retryable: true,
    cause,
  });
}
