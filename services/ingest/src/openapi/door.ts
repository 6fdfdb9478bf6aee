import { keysErrors, type KeysErrorCode } from "@cloister/contracts/keys/errors";
import { serverProblems } from "@cloister/service";
import type { z } from "zod";

import type { Scope } from "../access/scopes.ts";
import { ingestProblems, type IngestProblem } from "../ingest.problems.ts";

/** A body that is no JSON: bytes as they are, or text of a format of its own. */
export interface OpaqueBody {
  readonly mediaType: string;
  readonly description: string;
}

export interface JsonBody {
  readonly mediaType: "application/json";
  readonly schema: z.ZodType;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly schema: z.ZodType;
  readonly isRequired?: true;
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  readonly body?: OpaqueBody | JsonBody;
}

/** One method of one path: what it takes and all that it may answer. */
export interface Door {
  readonly method: "get" | "post" | "put" | "delete";
  /** With `{name}` for a parameter. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: "Conversations" | "Messages" | "Policy" | "Access" | "Operation";
  readonly summary: string;
  readonly description?: string;
  /** What the access token must allow; undefined: open to everybody. */
  readonly scope: Scope | undefined;
  readonly parameters?: readonly Parameter[];
  readonly body?: OpaqueBody | JsonBody;
  /** The first one is success. */
  readonly answers: readonly [Answer, ...Answer[]];
  /** Beside those of the token and of the server. */
  readonly refusals: readonly DoorProblem[];
}

type PassedOn = {
  [Code in KeysErrorCode]: (typeof keysErrors)[Code] extends { readonly httpStatus: number } ? Code : never;
}[KeysErrorCode];

/** Codes that a door may answer with: ingest's own, those of `keys` that it passes on, and the HTTP server's. */
export type DoorProblem = IngestProblem | PassedOn | keyof typeof serverProblems;

const catalogue: Readonly<Record<DoorProblem, { readonly httpStatus: number }>> = {
  ...keysErrors,
  ...serverProblems,
  ...ingestProblems,
};

/** What every door with a token may say before it looks at the request itself. */
const problemsOfTokens: readonly DoorProblem[] = [
  ...ingestCodes().filter((code) => [401, 429].includes(ingestProblems[code].httpStatus)),
  "FORBIDDEN_TENANT",
  "ISSUER_UNAVAILABLE",
  "INSUFFICIENT_SCOPE",
  "MALFORMED",
  "UNAVAILABLE",
];
const problemsOfBodies: readonly DoorProblem[] = ["BAD_REQUEST", "MALFORMED", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];

/** All codes of a door by their HTTP status, ascending. */
export function refusalsOf({ scope, body, refusals }: Door): ReadonlyMap<number, readonly DoorProblem[]> {
  const ofToken = scope === undefined ? [] : problemsOfTokens;
  const ofBody = body === undefined ? [] : problemsOfBodies;
  const codes = [...new Set([...ofToken, ...ofBody, ...refusals])].toSorted();
  const statuses = [...new Set(codes.map(statusOf))].toSorted((left, right) => left - right);
  return new Map(statuses.map((status) => [status, codes.filter((code) => statusOf(code) === status)]));
}

function statusOf(code: DoorProblem): number {
  return catalogue[code].httpStatus;
}

function ingestCodes(): IngestProblem[] {
  // The keys of an object literal that nobody adds to.
  return Object.keys(ingestProblems) as IngestProblem[];
}
