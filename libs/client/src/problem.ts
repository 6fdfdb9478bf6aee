/** The part of an RFC 9457 problem document that the SDK reads. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean | undefined;
  /** RFC 9110's Retry-After, where it is given in seconds. */
  readonly retryAfterMs: number | undefined;
}

const maxDetailCharacters = 300;

/**
 * Never throws: what is no problem document becomes the code HTTP_<status>. Nobody vouches for a refusal, so its sentence
 * is cut short and loses whatever a terminal obeys or a reader can't see.
 */
export function readProblem({ status, statusText, headers }: Response, body: Uint8Array): Problem {
  const document = parseJson(body);
  const isCode =
    "code" in document && typeof document.code === "string" && /^[A-Z][A-Z0-9_]{0,63}$/u.test(document.code);
  const seconds = headers.get("retry-after") ?? "";
  const detail = "detail" in document && typeof document.detail === "string" ? document.detail : statusText;
  return {
    code: isCode ? String(document.code) : `HTTP_${status}`,
    detail: detail.slice(0, maxDetailCharacters).replaceAll(/[\p{Cc}\p{Cf}]/gu, " "),
    retryable: "retryable" in document && typeof document.retryable === "boolean" ? document.retryable : undefined,
    retryAfterMs: /^\d{1,6}$/u.test(seconds) ? Number(seconds) * 1_000 : undefined,
  };
}

function parseJson(body: Uint8Array): object {
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof document === "object" && document !== null ? document : {};
  } catch {
    return {};
  }
}

/**
 * RFC 9110: too many requests, the gateway's and the service's passing troubles, and a request that a busy service had not
 * read in time (408): the same one may have been taken at an attempt before.
 */
export function isRetryableStatus(status: number): boolean {
  return [408, 429, 502, 503, 504].includes(status);
}
