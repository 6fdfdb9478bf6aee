export type { LetterPage, OrderResult } from "./operations.controller.ts";
export type { EnvelopeView, LetterView } from "./letter-view.ts";
export { operationsProblems } from "./operations.problems.ts";
export { operationsVariables, startOperations, withOperations, type OperationsOptions } from "./start-operations.ts";
