export { caseErrors, type CaseErrorCode } from "./case-errors.ts";
export { type CaseOutcome, type CaseOutput, type CaseStage } from "./case-outcome.ts";
export { malformedInput, verifyCase } from "./verify-case.ts";
export { disagreementOf } from "./disagreement.ts";
