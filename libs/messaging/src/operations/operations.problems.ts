import { ProblemError } from "@cloister/service";

/** The refusals of the operations door. */
export const operationsProblems = {
  OPERATION_MALFORMED: {
    httpStatus: 400,
    title: "The filter, the list of ids or an id is not in its form",
    remedy: "Use `cloister dlq`; an id is `<service>-<partition>-<offset>` as it lists them.",
  },
  OPERATIONS_TOKEN_WRONG: {
    httpStatus: 401,
    title: "The request has no operations token, or another one",
    remedy: "Send the content of the file that CLOISTER_OPERATIONS_TOKEN_FILE names as `Authorization: Bearer`.",
  },
  DEAD_LETTER_UNKNOWN: {
    httpStatus: 404,
    title: "There is no such dead letter (any more)",
    remedy: "List them: it may have been redriven, dropped, or have ended with its bucket.",
  },
} as const;

export function operationsProblem(code: keyof typeof operationsProblems): ProblemError {
  const { httpStatus, title, remedy } = operationsProblems[code];
  return new ProblemError(code, httpStatus, `${title}. ${remedy}`, {}, title);
}
