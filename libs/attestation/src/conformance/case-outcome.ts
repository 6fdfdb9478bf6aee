import type { CaseErrorCode } from "./case-errors.ts";

/** What a conformance case comes to: JSON for standard output, and the class that the process exits with. */
export interface CaseOutcome {
  readonly exitCode: (typeof caseExit)[keyof typeof caseExit];
  readonly output: CaseOutput;
}

export const caseExit = { accepted: 0, rejected: 10, unsupported: 20, malformed: 30 } as const;

export interface CaseOutput {
  readonly stage: CaseStage;
  readonly accepted: boolean;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly rejection?: { readonly code: string; readonly message: string };
}

/** The last is that of an input from which no kind of evidence can be found out. */
export type CaseStage =
  "verify-attestation-sev" | "verify-attestation-tdx" | "verify-attestation-nitro" | "verify-attestation";

export function acceptedCase(stage: CaseStage, outputs: Readonly<Record<string, unknown>>): CaseOutcome {
  return { exitCode: caseExit.accepted, output: { stage, accepted: true, outputs } };
}

export function rejectedCase(stage: CaseStage, code: string, message: string): CaseOutcome {
  return { exitCode: caseExit.rejected, output: { stage, accepted: false, rejection: { code, message } } };
}

/** The case asks for something that this build can't check: not checking it would be to accept too much. */
export function unsupportedCase(stage: CaseStage, message: string): CaseOutcome {
  return { exitCode: caseExit.unsupported, output: unjudged(stage, "UNSUPPORTED", message) };
}

export function malformedCase(stage: CaseStage, message: string): CaseOutcome {
  return { exitCode: caseExit.malformed, output: unjudged(stage, "INPUT_MALFORMED", message) };
}

function unjudged(stage: CaseStage, code: CaseErrorCode, message: string): CaseOutput {
  return { stage, accepted: false, rejection: { code, message } };
}
