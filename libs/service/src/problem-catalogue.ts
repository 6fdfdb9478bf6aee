/** What is known of a code that problem documents carry. */
export interface ProblemDescription {
  /** What happened, without a full stop. */
  readonly title: string;
  /** What to do, a sentence or two. */
  readonly remedy: string;
  readonly httpStatus: number;
  /** The same request may succeed later. */
  readonly isRetryable?: true;
}

export type ProblemCatalogue = Readonly<Record<string, ProblemDescription>>;

/** Where every service explains its own codes; `type` of a problem document points at the code's anchor there. */
export const PROBLEMS_PATH = "/docs/errors";

/** What the HTTP server of every service refuses by itself. */
export const serverProblems = {
  BAD_REQUEST: {
    title: "The server could not read the request",
    remedy: "Send a well-formed request: check its path and headers, and that a JSON body is JSON.",
    httpStatus: 400,
  },
  NOT_FOUND: {
    title: "There is no such door here",
    remedy: "Look at the path and the method; /openapi.json of ingest lists its doors.",
    httpStatus: 404,
  },
  REQUEST_TIMEOUT: {
    title: "The request did not arrive in time",
    remedy: "Send it whole, without long pauses.",
    httpStatus: 408,
    isRetryable: true,
  },
  METHOD_NOT_ALLOWED: {
    title: "The path does not take that method",
    remedy: "Use one that the Allow header names.",
    httpStatus: 405,
  },
  TOO_LARGE: {
    title: "The body or message is larger than this door takes",
    remedy: "Send less at a time: a body has at most 512 KiB, a message at most 256 KiB of text.",
    httpStatus: 413,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: "This door does not take a body of that content type",
    remedy: "Send the content type that the API document names for the door.",
    httpStatus: 415,
  },
  HEADERS_TOO_LARGE: {
    title: "The headers are larger than this server takes",
    remedy: "Send fewer or shorter headers: together they have at most 16 KiB.",
    httpStatus: 431,
  },
  INTERNAL: {
    title: "The request could not be completed",
    remedy: "Report it with the `instance` of the answer, which stands in the service's log beside the cause.",
    httpStatus: 500,
  },
  UNAVAILABLE: {
    title: "A part of the system is not reachable at the moment",
    remedy: "Send the same request again shortly.",
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies ProblemCatalogue;

export type ServerProblem = keyof typeof serverProblems;
