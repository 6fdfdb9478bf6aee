/** The part of an RFC 9457 problem document that the SDK reads. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean | undefined;
}

/** Never throws: what is no problem document becomes the code HTTP_<status>. */
export async function readProblem(response: Response): Promise<Problem> {
  const fallback = { code: `HTTP_${response.status}`, detail: response.statusText, retryable: undefined };
  try {
    const document: unknown = await response.json();
    if (typeof document !== "object" || document === null) return fallback;
    return {
      code: "code" in document && typeof document.code === "string" ? document.code : fallback.code,
      detail: "detail" in document && typeof document.detail === "string" ? document.detail : fallback.detail,
      retryable: "retryable" in document && typeof document.retryable === "boolean" ? document.retryable : undefined,
    };
  } catch {
    return fallback;
  }
}

/** RFC 9110: too many requests, and the gateway's and the service's passing troubles. */
export function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}
